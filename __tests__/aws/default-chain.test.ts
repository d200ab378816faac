import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Job, openConnections } from '../../src/aws/connections.ts'
import { searchDefaultChain } from '../../src/aws/default-chain.ts'
import { type DescribedError, describeError } from '../../src/errors/description.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { defaultTimeOuts } from '../../src/network/network.ts'
import type { Run } from '../../src/run/run.ts'
import { aRun } from '../support/fakes.ts'

type Variables = Readonly<Record<string, string>>

const role = 'arn:aws:iam::222222222222:role/work'
const before = { ...process.env }
let folder: string
let sts: Server
/** The responses of STS. */
let answer: { readonly status: number; readonly code: string; readonly message: string }

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'default-chain-'))
  answer = { status: 403, code: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity' }
  sts = createServer((_, response) => {
    response.writeHead(answer.status, { 'content-type': 'text/xml' })
    response.end(
      `<ErrorResponse><Error><Code>${answer.code}</Code><Message>${answer.message}</Message></Error></ErrorResponse>`,
    )
  }).listen(0, '127.0.0.1')
  await once(sts, 'listening')
})

afterEach(async () => {
  restoreVariables()
  sts.closeAllConnections()
  sts.close()
  await once(sts, 'close')
  rmSync(folder, { recursive: true })
})

function restoreVariables(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  for (const [name, value] of Object.entries(before)) if (name.startsWith('AWS_')) process.env[name] = value
}

function prepare(config: string, variables: Variables): Variables {
  restoreVariables()
  writeFileSync(join(folder, 'config'), config)
  writeFileSync(join(folder, 'token'), 'a.b.c')
  const { port } = sts.address() as AddressInfo
  const given = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    ...variables,
  }
  Object.assign(process.env, given)
  return given
}

function search(variables: Variables, run: Run = aRun(), mask: Job['mask'] = () => undefined) {
  const { clientOptions } = openConnections(
    'ap-south-1',
    { variables, mask: () => undefined, endpoints: [] },
    run,
    defaultTimeOuts,
  )
  return searchDefaultChain(clientOptions, { variables, mask }, run)
}

/** Describes how the search fails. */
async function failure(config: string, variables: Variables): Promise<DescribedError> {
  return describeError(await search(prepare(config, variables)).catch((error: unknown) => error))
}

it('returns the credentials that the SDK finds, and none when the run is over', async () => {
  const key = { AWS_ACCESS_KEY_ID: 'key-of-the-process', AWS_SECRET_ACCESS_KEY: 'secret-of-the-process' }
  const environment = prepare('', key)
  const run = aRun()
  expect(await search(environment, run)).toMatchObject({ accessKeyId: 'key-of-the-process' })
  const over = new StoppedError('The run was cancelled.', 'Run it again.')
  run.abortNow(over)
  await expect(search(environment, run)).rejects.toMatchObject({
    name: 'StoppedError',
    message: expect.stringContaining(over.message),
  })
})

it('masks every token that the SDK may send, with the name of its variable, file or profile', async () => {
  const environment = prepare(`[profile web]\nweb_identity_token_file = ${join(folder, 'token')}-of-profile\n`, {
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token-of-the-container',
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'not-there'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
  })
  writeFileSync(join(folder, 'token-of-profile'), 'd.e.f\n')
  writeFileSync(
    join(folder, 'credentials'),
    '[base]\naws_secret_access_key = hidden-key\naws_session_token = hidden-token\n',
  )
  const run = aRun()
  run.abortNow(new StoppedError('The run was cancelled.', 'Run it again.'))
  const masked: string[] = []
  const mask = (secret: string, origin: string) => void (secret === '' || masked.push(`${secret}: ${origin}`))
  await expect(search(environment, run, mask)).rejects.toMatchObject({ name: 'StoppedError' })
  expect(masked).toEqual([
    'token-of-the-container: AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'a.b.c: file of AWS_WEB_IDENTITY_TOKEN_FILE',
    'd.e.f: web_identity_token_file of the profile web',
    'hidden-key: aws_secret_access_key of the profile base',
    'hidden-token: aws_session_token of the profile base',
  ])
})

it.each([
  ['a job', { GITHUB_ACTIONS: 'true' }, /^Give the job "permissions: \{ id-token: write \}"/],
  [
    'a terminal, which has no job',
    {},
    /^Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\.(?!.*\bjob\b)/,
  ],
])('a default chain with nothing configured is reported with a remedy for %s', async (_, variables, remedy) => {
  expect(await failure('[default]\nregion = ap-south-1\n', variables)).toMatchObject({
    message: expect.stringMatching(/^No credentials were found: (?!.*OIDC)/),
    remedy: expect.stringMatching(remedy),
    causes: ['CredentialsProviderError: Could not load credentials from any providers'],
  })
})

const work = (...lines: readonly string[]) => `[profile work]\n${lines.join('\n')}\n`
const byDefault = (line: string) => `[default]\n${line}\n`
const [byProfile, byNoVariable] = [{ AWS_PROFILE: 'work' }, {}]
const tokenFile = { AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere' }
const sso = ['sso_session = s', 'sso_account_id = 222222222222', 'sso_role_name = x', '[sso-session s]']
const ssoSession = ['sso_region = eu-west-1', 'sso_start_url = https://x.example/start']
const chained = [`role_arn = ${role}`, 'source_profile = base']
const base = ['[profile base]', 'aws_access_key_id = a', 'aws_secret_access_key = b']
const failing = 'credential_process = sh -c "echo no luck >&2; exit 3" --password=hunter2'

it.each<[source: string, remedy: string, cause: string, config: string, Variables]>([
  [
    'the profile "wrok", which is in no file',
    'files that AWS_CONFIG_FILE',
    'using profile: [wrok]',
    work(),
    { AWS_PROFILE: 'wrok' },
  ],
  ['the profile "work", which holds none', 'Check AWS_PROFILE', '[work]', work('region = ap-south-1'), byProfile],
  ['aws_access_key_id', 'Give the profile both', '[default]', byDefault('aws_access_key_id = a'), byNoVariable],
  ['credential_process', 'on this machine', 'Command failed: credential_process\nno luck', work(failing), byProfile],
  ['credential_process', 'Run its command', 'invalid JSON', byDefault('credential_process = echo hello'), byNoVariable],
  ['sso_session', 'aws sso login', 'not found or is invalid', work(...sso, ...ssoSession), byProfile],
  [
    'mfa_serial',
    'code of multi-factor authentication',
    'Profile work requires multi-factor authentication',
    work(...chained, 'mfa_serial = arn:aws:iam::222222222222:mfa/me', ...base),
    byProfile,
  ],
  ['role_arn', 'source_profile', 'using profile: [base]', work(...chained), byProfile],
  [
    'login_session',
    'aws login',
    'Failed to load token',
    work('login_session = arn:aws:sts::222222222222:x'),
    byProfile,
  ],
  ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN', 'Web identity configuration not specified', '', tokenFile],
  ['AWS_WEB_IDENTITY_TOKEN_FILE', 'read the file', 'ENOENT: ', '', { ...tokenFile, AWS_ROLE_ARN: role }],
  [
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'what answers there',
    'URL not accepted',
    '',
    { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/credentials' },
  ],
])(
  'a default chain that fails names its source, the remedy and the SDK’s own cause: %s, %s, %s',
  async (source, remedy, cause, config, variables) => {
    const { message, causes, ...found } = await failure(config, variables)
    expect(message).toContain(`The AWS SDK got no credentials from ${source}`)
    expect(found.remedy).toContain(remedy)
    expect(causes.join('\n')).toContain(cause)
    expect(causes.join('\n')).not.toContain('hunter2')
  },
)

it('names the OIDC token as the alternative to a login in a job only', async () => {
  const config = work(...sso, ...ssoSession)
  const inJob = { ...byProfile, GITHUB_ACTIONS: 'true' }
  const remedies = [await failure(config, byProfile), await failure(config, inJob)].map(({ remedy }) => remedy)
  const login = 'Run "aws sso login" for this profile on this machine.'
  expect(remedies).toEqual([login, `${login} Or use the OIDC token of the job.`])
})

describe('an answer of STS to the chain', () => {
  const web = () => ({ AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'), AWS_ROLE_ARN: role })

  it.each(['AWS_WEB_IDENTITY_TOKEN_FILE', 'web_identity_token_file of the profile "work"'])(
    'that denies the web identity is the cause, with the role and its trust policy as what to check: %s',
    async (source) => {
      const config = `[profile work]\nrole_arn = ${role}\nweb_identity_token_file = ${join(folder, 'token')}\n`
      const found = await (source.includes('profile') ? failure(config, { AWS_PROFILE: 'work' }) : failure('', web()))
      expect(found).toMatchObject({
        message: `The AWS SDK got no credentials from ${source}.`,
        remedy: expect.stringMatching(/^Check that the role exists, and that its trust policy .* takes up to a minute/),
        causes: ['AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity'],
      })
    },
  )

  it.each([
    ['AccessDenied', 'x with an explicit deny in a service control policy', 'AWS organization'],
    ['ExpiredTokenException', 'Token expired', 'clock of the machine'],
  ])('of another kind has the remedy that it has for our own calls: %s %s', async (code, message, words) => {
    answer = { status: 400, code, message }
    expect(await failure('', web())).toMatchObject({ remedy: expect.stringContaining(words) })
  })

  it('that never comes because nobody listens names the endpoint', async () => {
    expect(await failure('', { ...web(), AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })).toMatchObject({
      message: 'http://127.0.0.1:9 refused the connection.',
    })
  })
})

it('a default chain that hangs is named as what the run was waiting for when the deadline ended it', async () => {
  const config = `[profile work]\nrole_arn = ${role}\nweb_identity_token_file = ${join(folder, 'token')}\n`
  const environment = prepare(config, { AWS_PROFILE: 'work' })
  sts.removeAllListeners('request')
  const run = aRun()
  const ended = search(environment, run).catch((error: unknown) => error)
  await once(sts, 'request')
  run.abortNow(new StoppedError('The run did not finish within its 5 seconds.', 'Run it again.'))
  expect(await ended).toMatchObject({
    name: 'StoppedError',
    message:
      'The run did not finish within its 5 seconds. It was waiting for the AWS SDK to find credentials by the profile "work".',
  })
})
