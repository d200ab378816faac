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

function search(environment: Variables, run: Run = aRun(), mask: Job['mask'] = () => undefined) {
  const { clientOptions } = openConnections('ap-south-1', { environment, mask: () => undefined }, run)
  return searchDefaultChain(clientOptions, { environment, mask }, run)
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

it('a default chain with nothing configured is reported as no credentials found', async () => {
  expect(await failure('[default]\nregion = ap-south-1\n', {})).toMatchObject({
    message: expect.stringMatching(/^No credentials were found: /),
    remedy: expect.stringContaining('id-token: write'),
    causes: ['CredentialsProviderError: Could not load credentials from any providers'],
  })
})

it.each<[string, string, Variables, DescribedError | object]>([
  [
    'a misspelt profile',
    '[profile work]\naws_access_key_id = a\n',
    { AWS_PROFILE: 'wrok' },
    {
      message: 'The AWS SDK got no credentials from the profile "wrok", which is in no file.',
      remedy: expect.stringMatching(/^Check AWS_PROFILE, .*AWS_CONFIG_FILE/),
      causes: expect.arrayContaining([expect.stringContaining('using profile: [wrok]')]),
    },
  ],
  [
    'half an access key in the default profile',
    '[default]\naws_access_key_id = a\n',
    {},
    {
      message: 'The AWS SDK got no credentials from aws_access_key_id of the profile "default".',
      remedy: 'Give the profile both aws_access_key_id and aws_secret_access_key, or neither.',
    },
  ],
  [
    'a profile without credentials',
    '[profile work]\nregion = ap-south-1\n',
    { AWS_PROFILE: 'work' },
    { message: 'The AWS SDK got no credentials from the profile "work", which holds none.' },
  ],
  [
    'a credential_process that fails',
    '[profile work]\ncredential_process = sh -c "echo no luck >&2; exit 3" --password=hunter2\n',
    { AWS_PROFILE: 'work' },
    {
      message: 'The AWS SDK got no credentials from credential_process of the profile "work".',
      remedy: expect.stringContaining('Run its command on this machine'),
      causes: expect.arrayContaining([expect.stringMatching(/^Command failed: credential_process\nno luck$/)]),
    },
  ],
  [
    'a credential_process of the default profile that prints no JSON',
    '[default]\ncredential_process = echo hello\n',
    {},
    { causes: expect.arrayContaining([expect.stringContaining('credential_process returned invalid JSON')]) },
  ],
  [
    'an SSO session that is not there any more',
    '[profile work]\nsso_session = s\nsso_account_id = 222222222222\nsso_role_name = x\n[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x.example/start\n',
    { AWS_PROFILE: 'work' },
    {
      message: 'The AWS SDK got no credentials from sso_session of the profile "work".',
      remedy: expect.stringContaining('aws sso login'),
      causes: [
        expect.stringMatching(/^CredentialsProviderError: The SSO session token .* was not found or is invalid/),
      ],
    },
  ],
  [
    'a role that asks for a code of a device',
    `[profile work]\nrole_arn = ${role}\nsource_profile = base\nmfa_serial = arn:aws:iam::222222222222:mfa/me\n[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n`,
    { AWS_PROFILE: 'work' },
    {
      message: 'The AWS SDK got no credentials from mfa_serial of the profile "work".',
      remedy: expect.stringContaining('code of multi-factor authentication'),
      causes: [expect.stringContaining('Profile work requires multi-factor authentication')],
    },
  ],
  [
    'a role whose first profile is missing',
    `[profile work]\nrole_arn = ${role}\nsource_profile = base\n`,
    { AWS_PROFILE: 'work' },
    {
      message: 'The AWS SDK got no credentials from role_arn of the profile "work".',
      remedy: expect.stringContaining('source_profile'),
      causes: expect.arrayContaining([expect.stringContaining('using profile: [base]')]),
    },
  ],
  [
    'a login session that is not there any more',
    '[profile work]\nlogin_session = arn:aws:sts::222222222222:x\n',
    { AWS_PROFILE: 'work' },
    { remedy: expect.stringContaining('aws login'), causes: [expect.stringContaining('Failed to load token')] },
  ],
  [
    'a web identity token without a role',
    '',
    { AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere' },
    {
      message: expect.stringContaining('AWS_WEB_IDENTITY_TOKEN_FILE'),
      remedy: expect.stringContaining('AWS_ROLE_ARN'),
      causes: expect.arrayContaining([expect.stringContaining('Web identity configuration not specified')]),
    },
  ],
  [
    'a web identity token in a file that is not there',
    '',
    { AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere', AWS_ROLE_ARN: role },
    { causes: [expect.stringMatching(/^ENOENT: /)], remedy: expect.stringContaining('AWS_WEB_IDENTITY_TOKEN_FILE') },
  ],
  [
    'a container’s endpoint at an address that the SDK does not accept',
    '',
    { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/credentials' },
    {
      message: expect.stringContaining('AWS_CONTAINER_CREDENTIALS_FULL_URI'),
      causes: expect.arrayContaining([expect.stringMatching(/^URL not accepted/)]),
    },
  ],
])(
  'a default chain that fails names its source, the remedy and the SDK’s own cause: %s',
  async (_, config, variables, expected) => {
    const found = await failure(config, variables)
    expect(found).toMatchObject(expected)
    expect(found.message).toMatch(/^The AWS SDK got no credentials from /)
  },
)

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
