import { hub, key, problemsOf, provisioner, type Texts, token } from './reading.ts'

const role: Texts = { 'role-to-assume': provisioner }
const chain: Texts = { 'role-to-assume': `${hub}\n${provisioner}` }
const destroy: Texts = { command: 'destroy' }
const halfKey: Texts = { AWS_ACCESS_KEY_ID: 'AKIA' }

const contains = (listed: string, name: string) =>
  `production-environments has ${JSON.stringify(listed)}, which contains ${JSON.stringify(name)} as a word, so it may be one name or several. Put a comma between names, or use lines. Write "production-environments: |" and each value on a line of its own; without "|" YAML joins the lines into one.`
const isProduction = (name: string) =>
  `production is false, but ${JSON.stringify(name)} is production: prod, production and the names in production-environments always are. Leave production out, or choose another environment.`
const noRole = (name: string) =>
  `${name} is given, but there is no role-to-assume to use it with. Give a role, or leave it out.`
const tokenAlone = (name: string) =>
  `${name} is given, but STS does not take it for a role that is assumed with an OIDC token, and there is no other role. Leave it out, or add a second role, which the first one assumes.`
const unclean = (name: string) =>
  `credential-source takes ${name} from the environment, but its value has a space, a line break or another character that such a value never has. Set it again, without the characters that were copied with it.`
const unconfirmed = (found: string, names = '"tenant", "users"') =>
  `confirm-destroy must list the full names of the tables to delete, one a line, because command is destroy: ${names}; but it ${found}`
const noToken =
  'credential-source is oidc, but the job may not request an OIDC token. Give the job "permissions: { id-token: write }".'
const noJob =
  'credential-source is oidc, but only a job on GitHub has an OIDC token. Leave credential-source out, and set AWS_PROFILE or an access key.'
const job: Texts = { GITHUB_ACTIONS: 'true' }
const tooLong = (seconds: number) =>
  `role-duration-seconds is ${seconds}, but the session of a role that another role assumes lasts at most 3600 seconds. Give 900 to 3600, or a single role.`

it.each<[Texts, Texts, readonly string[]]>([
  ...['live staging', 'staging/live', 'Staging: LIVE'].map((listed): [Texts, Texts, string[]] => [
    { environment: 'live', 'production-environments': listed },
    {},
    [contains(listed, 'live')],
  ]),
  [
    { environment: 'main eu', 'production-environments': 'main eu staging' },
    {},
    [contains('main eu staging', 'main eu')],
  ],
  [{ environment: 'prod', production: 'false' }, {}, [isProduction('prod')]],
  [{ environment: 'PRODUCTION', production: 'false' }, {}, [isProduction('PRODUCTION')]],
  [
    { environment: 'Live-EU', production: 'false', 'production-environments': 'dev2, live-eu' },
    {},
    [isProduction('Live-EU')],
  ],
  [
    { ...role, 'aws-region': 'cn-north-1' },
    {},
    [
      `role-to-assume has "${provisioner}" of the partition aws, but the region cn-north-1 is in the partition aws-cn. Give a role and a region of the same partition.`,
    ],
  ],
  [
    { 'credential-source': 'oidc' },
    job,
    [
      'credential-source is oidc, but role-to-assume is empty. Give the role that trusts the job, or leave credential-source out.',
      noToken,
    ],
  ],
  [
    { ...role, 'credential-source': 'oidc' },
    { ...job, ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example' },
    [noToken],
  ],
  [{ ...role, 'credential-source': 'oidc' }, {}, [noJob]],
  [
    { ...role, 'credential-source': 'environment' },
    halfKey,
    [
      'credential-source is environment, but the environment has AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY. Set both, or neither.',
    ],
  ],
  ...[...Object.keys(key), 'AWS_SESSION_TOKEN'].map((name): [Texts, Texts, string[]] => [
    {},
    { ...key, [name]: 'AKIAEXAMPLE\n' },
    [unclean(name)],
  ]),
  ...Object.entries({
    'role-external-id': 'tenant-tables',
    'role-source-identity': 'deploy',
    'role-session-tags': 'a=b',
  }).flatMap(([name, text]): [Texts, Texts, string[]][] => [
    [{ [name]: text }, key, [noRole(name)]],
    [{ [name]: text, ...role }, token, [tokenAlone(name)]],
  ]),
  [
    { 'restrict-session': 'true' },
    key,
    [
      'restrict-session is true, but there is no role-to-assume whose session it could restrict. Give a role, or leave it out.',
    ],
  ],
  [{ ...chain, 'role-duration-seconds': '43200' }, {}, [tooLong(43_200)]],
  [{ ...chain, 'role-duration-seconds': '3601' }, {}, [tooLong(3601)]],
  [
    { ...chain, 'allowed-account-ids': '111111111111' },
    {},
    [
      'allowed-account-ids has "111111111111", but role-to-assume ends with a role of account 222222222222. Give a role of an allowed account, or add the account.',
    ],
  ],
  [
    { command: 'verify', 'expected-plan': '{}', 'expected-plan-digest': 'a'.repeat(64) },
    {},
    ['expected-plan', 'expected-plan-digest'].map(
      (name) => `${name} is given, but command is verify, which performs no plan. Leave it out.`,
    ),
  ],
  [{ 'fail-on-drift': 'true' }, {}, ['fail-on-drift is true, but command is apply. Use it only with command: plan.']],
  [
    { command: 'plan', 'fail-on-drift': 'true', destroy: 'true' },
    {},
    ['fail-on-drift is true, but so is destroy: tables to delete are not drift. Give only one of them.'],
  ],
  [{ 'sample-items': 'true' }, {}, ['sample-items is true, but command is apply. Use it only with command: verify.']],
  ...['apply', 'verify'].map((command): [Texts, Texts, string[]] => [
    { command, destroy: 'true' },
    {},
    [
      `destroy is true, but command is ${command}. Use it only with command: plan, to show what command: destroy would delete.`,
    ],
  ]),
  [destroy, {}, [unconfirmed('is empty.')]],
  ...['tenant', 'tenant\nusers\norders', 'Tenant\nusers', 'x-tenant\nx-users'].map(
    (names): [Texts, Texts, string[]] => [
      { ...destroy, 'confirm-destroy': names },
      {},
      [
        unconfirmed(
          `has ${names
            .split('\n')
            .map((name) => `"${name}"`)
            .join(', ')}.`,
        ),
      ],
    ],
  ),
  [
    { ...destroy, 'table-name-prefix': 'x-', 'confirm-destroy': 'tenant\nusers' },
    {},
    [unconfirmed('has "tenant", "users".', '"x-tenant", "x-users"')],
  ],
])('refuses %j with the variables %j', (inputs, variables, problems) => {
  expect(problemsOf(inputs, variables)).toEqual(problems)
  for (const problem of problems) expect(problem).not.toContain('AKIAEXAMPLE')
})

it.each<[Texts, Texts]>([
  ...['live staging', 'staging/live'].flatMap((listed): [Texts, Texts][] => [
    [{ environment: 'dev', 'production-environments': listed }, {}],
    [{ environment: listed, 'production-environments': listed }, {}],
  ]),
  [{ environment: 'main e', 'production-environments': 'main eu staging' }, {}],
  [{ environment: 'live-test', production: 'false' }, {}],
  [{ 'role-to-assume': 'arn:aws-cn:iam::111111111111:role/hub', 'aws-region': 'cn-north-1' }, {}],
  [
    { ...role, 'credential-source': 'oidc' },
    { ...token, AWS_ACCESS_KEY_ID: 'a line break\n' },
  ],
  [{ ...role, 'credential-source': 'environment' }, {}],
  [{ ...role, 'role-external-id': 'ab', 'role-source-identity': 'deploy', 'role-session-tags': 'a=b' }, key],
  [{ ...chain, 'role-external-id': 'ab', 'role-source-identity': 'deploy', 'role-session-tags': 'a=b' }, token],
  [{ 'role-source-identity': 'false', 'role-session-tags': '\n' }, {}],
  [{ ...role, 'role-duration-seconds': '43200' }, {}],
  [{ ...chain, 'role-duration-seconds': '3600' }, {}],
  [{ ...chain, 'allowed-account-ids': '222222222222' }, {}],
  [{ 'allowed-account-ids': '222222222222' }, {}],
  [{ command: 'plan', 'fail-on-drift': 'true' }, {}],
  [{ command: 'verify', 'sample-items': 'true' }, {}],
  [{ command: 'plan', destroy: 'true' }, {}],
  ...['tenant\nusers', 'users\n tenant \n\n'].map((names): [Texts, Texts] => [
    { ...destroy, 'confirm-destroy': names },
    {},
  ]),
  [{ ...destroy, 'table-name-prefix': 'x-', 'confirm-destroy': 'x-tenant\nx-users' }, {}],
  [{ command: 'plan', 'confirm-destroy': 'anything' }, {}],
  // The plan refuses to delete tables of production, whatever is confirmed.
  [{ command: 'destroy', environment: 'production' }, {}],
])('accepts %j with the variables %j', (inputs, variables) => {
  expect(problemsOf(inputs, variables)).toEqual([])
})

it.each<[Texts, Texts, string]>([
  [{ 'role-to-assume': `${hub}\nbad`, 'allowed-account-ids': '222222222222' }, token, '"bad"'],
  [{ 'role-to-assume': `${hub}\nbad`, 'role-external-id': 'ab', 'role-duration-seconds': '7200' }, token, '"bad"'],
  [{ 'role-to-assume': 'bad', 'restrict-session': 'true', 'credential-source': 'oidc' }, token, '"bad"'],
  [{ ...role, 'credential-source': 'Environment', 'role-external-id': 'ab' }, token, '"Environment"'],
  [{ command: 'Destroy', destroy: 'true', 'sample-items': 'true' }, {}, '"Destroy"'],
])('concludes nothing from an input that is wrong: %j', (inputs, variables, wrong) => {
  expect(problemsOf(inputs, variables)).toEqual([expect.stringContaining(wrong)])
})

describe('command: policy', () => {
  const policy: Texts = { command: 'policy', environment: '', 'aws-region': '' }

  it('needs neither an environment nor a region, which every other command does', () => {
    expect(problemsOf(policy)).toEqual([])
    for (const command of ['apply', 'plan', 'verify']) {
      expect(problemsOf({ ...policy, command })).toEqual([
        'environment is required, but is empty. Give the name of the environment, such as dev or production.',
        'aws-region is missing, and neither AWS_REGION nor AWS_DEFAULT_REGION is set. Give the region of the tables, such as ap-south-1.',
      ])
    }
  })

  it('needs no credentials, whatever the inputs say about them', () => {
    const session = {
      'credential-source': 'oidc',
      'role-external-id': 'tenant-tables',
      'role-session-tags': 'team=planner',
      'role-source-identity': 'deploy',
      'restrict-session': 'true',
    }
    expect(problemsOf({ ...policy, ...session })).toEqual([])
    expect(problemsOf({ ...policy, ...session }, halfKey)).toEqual([])
    expect(problemsOf({ ...policy, ...session, ...role, 'aws-region': 'ap-south-1' })).toEqual([])
  })

  it('compares the role with the region and the accounts that are given', () => {
    expect(
      problemsOf({ ...policy, ...role, 'aws-region': 'cn-north-1', 'allowed-account-ids': '333333333333' }),
    ).toEqual([
      expect.stringContaining('but the region cn-north-1 is in the partition aws-cn'),
      expect.stringContaining('allowed-account-ids has "333333333333"'),
    ])
    expect(problemsOf({ ...policy, 'role-to-assume': 'arn:aws-cn:iam::111111111111:role/x' })).toEqual([])
  })

  it.each<[string, string, string]>([
    ['comment', 'true', 'comment is true, but command is policy, which calls nothing. Leave it out.'],
    ['expected-plan', '{}', 'expected-plan is given, but command is policy, which performs no plan. Leave it out.'],
    ['fail-on-drift', 'true', 'fail-on-drift is true, but command is policy. Use it only with command: plan.'],
    ['sample-items', 'true', 'sample-items is true, but command is policy. Use it only with command: verify.'],
    [
      'destroy',
      'true',
      'destroy is true, but command is policy. Use it only with command: plan, to show what command: destroy would delete.',
    ],
  ])('refuses %s: %s', (name, text, problem) => {
    expect(problemsOf({ ...policy, [name]: text })).toEqual([problem])
  })
})
