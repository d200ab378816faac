import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { declarations, type InputName, inputNames } from '../../src/inputs/declarations.ts'
import type { InputDeclaration } from '../../src/inputs/parsers.ts'
import { quote } from '../../src/text/readable.ts'
import { hub, key, problemsOf, provisioner, read, type Texts } from './reading.ts'

const declared: readonly (readonly [InputName, InputDeclaration<unknown>])[] = inputNames.map((name) => [
  name,
  declarations[name],
])
const action = parse(readFileSync('action.yml', 'utf8')) as {
  readonly inputs: Readonly<
    Record<string, { readonly default?: string; readonly required?: boolean; readonly description: string }>
  >
}

/** Defaults of action.yml that only GitHub's runner can evaluate. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's runner evaluates it.
const expressions: Texts = { 'github-token': '${{ github.token }}' }

it('declares the inputs of action.yml in its order, with its defaults', () => {
  expect(declared.map(([name, { default: byDefault }]) => [name, expressions[name] ?? byDefault])).toEqual(
    Object.entries(action.inputs).map(([name, input]) => [name, input.default]),
  )
  // Only `command: policy` does without an environment, so GitHub must not ask for it.
  expect(inputNames.filter((name) => action.inputs[name]?.required)).toEqual([])
})

it.each(declared.flatMap(([name, { choices }]) => choices?.map((each) => [name, each] as const) ?? []))(
  'declares for %s the choice %s, which action.yml describes',
  (name, each) => {
    expect(` ${action.inputs[name]?.description}`).toMatch(new RegExp(`[ ,]${each}[:.,]`))
  },
)

it('reads every input without the white space around it', () => {
  const given: Texts = { command: ' plan ', environment: ' dev\n', 'table-name-prefix': ' x- ', tags: '\n a = b \n' }
  const trimmed = Object.fromEntries(Object.entries(given).map(([name, text]) => [name, text.trim()]))
  expect(read(given)).toEqual(read(trimmed))
})

const x = (length: number) => 'x'.repeat(length)

/** Texts that are legal, with the inputs that they need beside them. */
const legal: Readonly<Partial<Record<InputName, { readonly texts: readonly string[]; readonly given?: Texts }>>> = {
  environment: { texts: ['Über-Test 1', 'a/b:c+d=e@f_g.h', x(256)] },
  'production-environments': { texts: ['Live, eu-live\nstage', ','] },
  'aws-region': {
    texts: ['us-gov-west-1', 'us-isob-east-1', 'eusc-de-east-1', 'ap-southeast-7', 'ap-northeast-12', 'cn-north-1'],
  },
  'role-to-assume': {
    texts: [
      ...['a', x(64), 'A_1+b=c.d@e-f', 'p.1/q-2/!#$/name'].map((name) => `arn:aws:iam::111111111111:role/${name}`),
      `${hub}\r\n\n  ${provisioner}`,
    ],
  },
  'role-external-id': { texts: ['ab', x(1224), 'a+b=c,d.e@f:g/h-i_J9'], given: { 'role-to-assume': hub } },
  'role-source-identity': { texts: ['false', 'ab', x(64), 'deploy@acme'], given: { 'role-to-assume': hub } },
  'role-duration-seconds': { texts: ['900', '43200'], given: { 'role-to-assume': hub } },
  'role-session-name': { texts: ['ab', x(64), 'a+b=c,d.e@f-g_H9', 'deploy@acme'] },
  audience: { texts: ['https://example.com', '!', x(255)] },
  'allowed-account-ids': { texts: ['111111111111, 222222222222\n333333333333', '111111111111,\n'] },
  'table-name-prefix': { texts: ['jobwork', 'a_B.c-9', x(249)] },
  'timeout-seconds': { texts: ['1', '21600'] },
  'expected-plan': { texts: ['{"formatVersion":1}', 'plans/plan.json'] },
  'expected-plan-digest': { texts: ['a'.repeat(64), 'A'.repeat(64)] },
  'github-token': { texts: ['', 'secret'], given: { comment: 'true' } },
}

it.each(
  Object.entries(legal).flatMap(([name, { texts, given = {} }]) => texts.map((text) => [name, text, given] as const)),
)('accepts for %s the text %j', (name, text, given) => {
  expect(problemsOf({ ...given, [name]: text }, key)).toEqual([])
})

const emptyOutput =
  "the plan job's output is empty; GitHub drops outputs that contain a masked value, such as an account id."

/** Texts that are not legal, by the problem that each of them is; `TEXT` stands for the text. */
const illegal: readonly (readonly [InputName, string, readonly string[]])[] = [
  ['command', 'must be one of apply, plan, verify, destroy, policy, but is TEXT.', ['delete', 'Plan']],
  ['environment', 'is required, but is empty. Give the name of the environment, such as dev or production.', ['', ' ']],
  [
    'environment',
    'is written into a tag, so it may have at most 256 letters, digits, spaces and _ . : / = + - @, but is TEXT.',
    ['dev<script>', 'a\u0000b', 'a\u3164b'],
  ],
  [
    'production-environments',
    'must have names of environments between commas or on separate lines, but has TEXT.',
    ['live;eu-live', '["live"]', "'live'"],
  ],
  ['production', 'must be one of auto, true, false, but is TEXT.', ['yes', 'TRUE', 'auto,true']],
  // The region becomes part of a host name: no text may lead to another host.
  [
    'aws-region',
    'must be the name of an AWS region, such as ap-south-1, but is TEXT.',
    [
      ...['evil.example/ap-south-1', 'ap-south-1.evil.example', 'ap-south-1/', 'ap-south-1@evil.example', 'Mumbai'],
      ...['ap-south-1\nx', 'AP-SOUTH-1', 'ap-south', 'ap-south-', 'ap-south-100', 'ap-1', 'a-south-1', 'ap-s-1'],
      ...['toolongword-south-1', 'ap-a-region-of-many-words-1', `ap-${x(21)}-1`],
    ],
  ],
  [
    'role-to-assume',
    'must have the ARN of a role on each line, such as arn:aws:iam::222222222222:role/tenant-tables-provisioner, but has TEXT.',
    [
      ...['provisioner', 'arn:aws:iam::1:role/x', 'arn:aws:iam::111111111111:user/x', `${hub},${provisioner}`],
      ...['', 'path/', '/a', x(65), 'a*'].map((name) => `arn:aws:iam::111111111111:role/${name}`),
    ],
  ],
  ['credential-source', 'must be one of auto, oidc, environment, but is TEXT.', ['vault', 'OIDC']],
  // Without the text: an external id may be a secret.
  [
    'role-external-id',
    'must have 2 to 1224 letters, digits and _ + = , . @ : / - and nothing else.',
    ['a', x(1225), '!ab', 'ab!', 'a b'],
  ],
  [
    'role-source-identity',
    'must be true, false, or 2 to 64 letters, digits and _ + = , . @ -, but is TEXT.',
    ['x', 'a b', x(65)],
  ],
  [
    'role-source-identity',
    'is true, but GITHUB_REPOSITORY_ID or GITHUB_RUN_ID is not set. Give the source identity itself.',
    ['true'],
  ],
  ['restrict-session', 'must be one of true, false, but is TEXT.', ['yes', 'TRUE']],
  [
    'role-duration-seconds',
    'must be a whole number from 900 to 43200, but is TEXT.',
    ['899', '43201', '1e3', '-900', '0x400', '9'.repeat(20)],
  ],
  [
    'role-session-name',
    'must have 2 to 64 letters, digits and _ + = , . @ - and nothing else, but is TEXT.',
    ['x', 'a/b', 'a b', x(65)],
  ],
  ['audience', 'must have 1 to 255 printable ASCII characters and no spaces, but is TEXT.', ['a b', 'é']],
  [
    'allowed-account-ids',
    'must have account ids of 12 digits, but has TEXT.',
    ['1111111111111', '11111111111', 'x111111111111', '111111111111x', '1111-1111-1111'],
  ],
  // As from two variables that are not set: no account must not mean every account.
  [
    'allowed-account-ids',
    'must have account ids of 12 digits, but is TEXT. Give an account id, or leave it out.',
    [','],
  ],
  ['deletion-protection', 'must be one of auto, true, false, but is TEXT.', ['yes']],
  ['point-in-time-recovery', 'must be one of auto, true, false, but is TEXT.', ['TRUE']],
  ['timeout-seconds', 'must be a whole number from 1 to 21600, but is TEXT.', ['0', '21601', 'ten', '1.5']],
  [
    'allow',
    'must have one of remove-deletion-protection, remove-point-in-time-recovery, change-environment, adopt-table, end-stream, rebuild-index, delete-index on each line, but has TEXT.',
    ['everything', 'change-environment,adopt-table'],
  ],
  [
    'expected-plan',
    'must be the JSON of the output plan, or the path of a file that has it, but is TEXT.',
    ['a\nb', 'a\u0000b'],
  ],
  ['expected-plan', `is no-plan: ${emptyOutput}`, ['no-plan']],
  [
    'expected-plan-digest',
    'must be the 64 hexadecimal digits of the output plan-digest, but is TEXT.',
    ['a'.repeat(63), 'a'.repeat(65), 'g'.repeat(64)],
  ],
  ['expected-plan-digest', `is no-plan: ${emptyOutput}`, ['no-plan']],
  ['expected-plan-digest', `is {}: ${emptyOutput}`, ['{}']],
  ['fail-on-drift', 'must be one of true, false, but is TEXT.', ['yes']],
  ['comment', 'must be one of true, false, but is TEXT.', ['yes']],
  ['sample-items', 'must be one of auto, true, false, but is TEXT.', ['yes']],
  ['destroy', 'must be one of true, false, but is TEXT.', ['yes']],
]

it.each(illegal.flatMap(([name, problem, texts]) => texts.map((text) => [name, text, problem] as const)))(
  'refuses for %s the text %j, and says which texts are legal',
  (name, text, problem) => {
    const given = name === 'role-external-id' ? { 'role-to-assume': hub } : {}
    const [found = '', ...more] = problemsOf({ ...given, [name]: text }, key)
    expect(more).toEqual([])
    const expected = `${name} ${problem.replace('TEXT', () => quote(text))}`
    // An explanation of joined lines may follow.
    expect(found.slice(0, expected.length)).toBe(expected)
  },
)

it('refuses a table-name-prefix for each name that DynamoDB does not take', () => {
  const rule = 'but a name must have 3 to 255 letters, digits and _ . - and nothing else.'
  expect(problemsOf({ 'table-name-prefix': 'a b' })).toEqual([
    `table-name-prefix makes the table name "a btenant", ${rule}`,
    `table-name-prefix makes the table name "a busers", ${rule}`,
  ])
  // `users` is one letter shorter than `tenant`.
  expect(problemsOf({ 'table-name-prefix': x(250) })).toEqual([expect.stringContaining('(256 characters)')])
})

it('reports each line that is wrong', () => {
  expect(problemsOf({ 'role-to-assume': `one\n${hub}\ntwo` })).toEqual([
    expect.stringContaining('"one"'),
    expect.stringContaining('"two"'),
  ])
})

describe('lines that YAML joined into one, as it does after ">" and without a mark', () => {
  it.each<[InputName, Texts]>([
    ['role-to-assume', { 'role-to-assume': `${hub} ${provisioner}` }],
    ['role-to-assume', { 'role-to-assume': `${hub}, ${provisioner}` }],
    ['allowed-account-ids', { 'allowed-account-ids': '111111111111 222222222222' }],
    ['allow', { allow: 'remove-deletion-protection change-environment' }],
    ['confirm-destroy', { command: 'destroy', 'confirm-destroy': 'tenant users' }],
    ['confirm-destroy', { command: 'destroy', 'confirm-destroy': 'tenant,users' }],
    ['tags', { tags: 'team=a zone=b' }],
    ['role-session-tags', { 'role-to-assume': hub, 'role-session-tags': 'team=a zone=b' }],
    ['production-environments', { environment: 'main', 'production-environments': 'main staging' }],
  ])('are no value of %s, and the problem shows the form with "|": %j', (name, inputs) => {
    expect(problemsOf(inputs, key)).toEqual([
      expect.stringContaining(
        `Write "${name}: |" and each value on a line of its own; without "|" YAML joins the lines into one.`,
      ),
    ])
  })

  it.each<Texts>([{ 'role-to-assume': 'x' }, { allow: 'x' }, { 'allowed-account-ids': 'x' }])(
    'are not suspected in one wrong value: %j',
    (inputs) => {
      expect(problemsOf(inputs)).toEqual([expect.not.stringContaining('YAML')])
    },
  )
})

it('shows the beginning of a long text, and its length', () => {
  const rule = 'command must be one of apply, plan, verify, destroy, policy, but is'
  expect(problemsOf({ command: x(120) })).toEqual([`${rule} "${x(120)}".`])
  expect(problemsOf({ command: x(121) })).toEqual([`${rule} "${x(120)}"… (121 characters).`])
})
