/** Which hosts the committed bundle calls, and by which way: read from a proxy, and from every connection it makes. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SandboxOptions } from '../../sandbox/options.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, twoAccounts } from '../../sandbox/two-accounts.ts'
import { type ForwardProxy, type ForwardProxyOptions, startProxy } from '../support/proxy.ts'
import { type RunnerResult, runAction } from '../support/runner.ts'

const token = 'ghs_writerOfCommentsOfTheSandbox'
const gitHub: NonNullable<SandboxOptions['gitHub']> = {
  tokens: [
    { token, login: 'github-actions[bot]', type: 'Bot', permissions: { contents: 'read', 'pull-requests': 'write' } },
  ],
  pullRequests: [
    {
      repository: 'acme/app',
      number: 7,
      state: 'merged',
      headSha: 'a'.repeat(40),
      mergeCommitSha: '0123456789abcdef0123456789abcdef01234567',
    },
  ],
}

/** As on AWS and GitHub of the public: the job has no other addresses. */
interface World {
  readonly partition: string
  readonly region: string
  readonly audience: string
  readonly tokenUrl: string
  readonly apiUrl: string
  readonly hosts: readonly string[]
}

const usual: World = {
  partition: 'aws',
  region: 'ap-south-1',
  audience: 'sts.amazonaws.com',
  tokenUrl: 'https://vstoken.actions.githubusercontent.com/oidc/token?api-version=2',
  apiUrl: 'https://api.github.com',
  hosts: [
    'vstoken.actions.githubusercontent.com:443',
    'sts.ap-south-1.amazonaws.com:443',
    'dynamodb.ap-south-1.amazonaws.com:443',
    'api.github.com:443',
  ],
}

let sandbox: Sandbox
let proxy: ForwardProxy
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'network-'))
})
afterEach(async () => {
  await proxy.close()
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

const hubOf = ({ partition }: World) => `arn:${partition}:iam::111111111111:role/github-hub`
const provisionerOf = ({ partition }: World) => `arn:${partition}:iam::222222222222:role/tenant-tables-provisioner`

async function start(world: World, options: Partial<ForwardProxyOptions> = {}): Promise<void> {
  const { oidcClaims, roles } = twoAccounts('dev')
  const subject = roles?.[0]?.webIdentity?.subject ?? ''
  sandbox = await startSandbox({
    oidcClaims: oidcClaims ?? {},
    roles: [
      { arn: hubOf(world), webIdentity: { audience: world.audience, subject } },
      { arn: provisionerOf(world), principals: [hubOf(world)], externalId },
    ],
    gitHub,
  })
  proxy = await startProxy({
    sandbox: sandbox.url,
    hosts: world.hosts.map((place) => place.split(':')[0] ?? ''),
    ...options,
  })
}

/** A plan with a comment, which calls every host that a run may call. */
async function plan(
  world: World,
  environment: Readonly<Record<string, string>>,
  definition?: string,
): Promise<RunnerResult> {
  const { ACTIONS_ID_TOKEN_REQUEST_TOKEN = '', AWS_EC2_METADATA_DISABLED = '' } = sandbox.environment
  return await runAction({
    inputs: {
      command: 'plan',
      environment: 'dev',
      'aws-region': world.region,
      'role-to-assume': `${hubOf(world)}\n${provisionerOf(world)}`,
      'role-external-id': externalId,
      comment: 'true',
      'github-token': token,
      ...(definition === undefined ? {} : { 'definition-file': 'tables.yml' }),
    },
    ...(definition === undefined ? {} : { workspaceFiles: { 'tables.yml': definition } }),
    environment: {
      ...proxy.environment,
      AWS_EC2_METADATA_DISABLED,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN,
      ACTIONS_ID_TOKEN_REQUEST_URL: world.tokenUrl,
      GITHUB_API_URL: world.apiUrl,
      NODE_OPTIONS: `--require ${fileURLToPath(new URL('../support/socket-guard.cjs', import.meta.url))}`,
      SOCKET_GUARD_FILE: join(folder, 'places'),
      ...environment,
    },
  })
}

const connected = () => new Set(readFileSync(join(folder, 'places'), 'utf8').trim().split('\n'))
const isDone = ({ exitCode, commands }: RunnerResult) => [
  exitCode,
  commands.filter(({ command }) => ['warning', 'error'].includes(command)).map(({ message }) => message),
]

describe('a proxy', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])(
    'in %s is asked for every host, and nothing else is connected to',
    async (name) => {
      await start(usual)
      const result = await plan(usual, { [name]: `http://${proxy.place}` })

      expect(isDone(result)).toEqual([0, []])
      expect(new Set(proxy.asked)).toEqual(new Set(usual.hosts))
      expect(connected()).toEqual(new Set([proxy.place]))
      expect(sandbox.gitHub.comments('acme/app', 7)).toHaveLength(1)
    },
  )

  it.each(['NO_PROXY', 'no_proxy'])('is not used for a host that %s names', async (name) => {
    await start(usual)
    const result = await plan(usual, {
      HTTPS_PROXY: 'http://127.0.0.1:9',
      [name]: 'vstoken.actions.githubusercontent.com,amazonaws.com,api.github.com',
      SOCKET_GUARD_PORT: String(proxy.directPort),
    })

    expect(isDone(result)).toEqual([0, []])
    expect(proxy.asked).toEqual([])
    expect(connected()).toEqual(new Set(usual.hosts))
  })

  it.each(['NO_PROXY', 'no_proxy'])('is not used for the subdomains of a name in %s', async (name) => {
    await start(usual)
    const result = await plan(usual, {
      HTTPS_PROXY: `http://${proxy.place}`,
      [name]: 'amazonaws.com,api.github.com',
      SOCKET_GUARD_PORT: String(proxy.directPort),
    })

    expect(isDone(result)).toEqual([0, []])
    expect(new Set(proxy.asked)).toEqual(new Set(usual.hosts.slice(0, 1)))
    expect(connected()).toEqual(new Set([proxy.place, ...usual.hosts.slice(1)]))
  })

  it.each(['HTTP_PROXY', 'http_proxy'])('in %s is used for hosts without TLS', async (name) => {
    const plain: World = {
      ...usual,
      tokenUrl: 'http://token.example:8001/oidc/token',
      apiUrl: 'http://git.example:8003/api/v3',
      hosts: ['token.example:8001', 'aws.example:8002', 'git.example:8003'],
    }
    await start(plain)
    const result = await plan(plain, {
      [name]: `http://${proxy.place}`,
      AWS_ENDPOINT_URL: 'http://aws.example:8002',
    })

    expect(isDone(result)).toEqual([0, []])
    expect(new Set(proxy.asked)).toEqual(new Set(plain.hosts))
    expect(connected()).toEqual(new Set([proxy.place]))
  })

  it('gets its password, which is written nowhere', async () => {
    const password = 'p@ss:w%rd/of-the-proxy'
    await start(usual, { login: `someone:${password}` })
    const encoded = encodeURIComponent(password)
    const result = await plan(usual, { HTTPS_PROXY: `http://someone:${encoded}@${proxy.place}` })

    expect(isDone(result)).toEqual([0, []])
    const written = result.written
      .split('\n')
      .filter((line) => !line.startsWith('::add-mask::'))
      .join('\n')
    for (const form of [password, encoded, Buffer.from(`someone:${password}`).toString('base64')]) {
      expect(written).not.toContain(form)
      expect(result.commands).toContainEqual({ command: 'add-mask', properties: {}, message: form })
    }
  })

  it('that requires a password is asked once without it, and the error names the variable for it', async () => {
    await start(usual, { login: 'someone:password' })
    const result = await plan(usual, { HTTPS_PROXY: `http://${proxy.place}` })

    const [code, messages] = isDone(result)
    expect(code).toBe(1)
    expect(sandbox.requests).toEqual([])
    // Once for the token, and once for the comment that reports the failure.
    expect(proxy.refused).toEqual(['vstoken.actions.githubusercontent.com:443', 'api.github.com:443'])
    expect((messages as string[]).at(0)).toContain('Proxy response (407)')
    expect((messages as string[]).at(-1)).toMatch(
      /^The proxy 127\.0\.0\.1:\d+ did not connect to vstoken\.actions\.githubusercontent\.com:443: it answered with status 407\.\nTo fix: Give the name and the password .* in HTTPS_PROXY/,
    )
  })

  it('that cannot reach a host is asked again', async () => {
    await start(usual, { refusals: [503, 502] })
    expect(isDone(await plan(usual, { HTTPS_PROXY: `http://${proxy.place}` }))).toEqual([0, []])
  })

  it('that does not listen is named in the error, with a remedy', async () => {
    await start(usual)
    const result = await plan(usual, { HTTPS_PROXY: 'http://127.0.0.1:9' })
    expect(result.exitCode).toBe(1)
    expect(result.stdout).toContain(
      'The proxy 127.0.0.1:9 did not connect to vstoken.actions.githubusercontent.com:443.',
    )
    expect(result.stdout).toContain('Check HTTPS_PROXY and HTTP_PROXY')
  })

  it.each(['socks5://127.0.0.1:9', 'http://'])(
    'that nobody could connect to is told before anything is called: %s',
    async (url) => {
      await start(usual)
      const result = await plan(usual, { HTTPS_PROXY: url, SOCKET_GUARD_PORT: '9' })
      expect(result.exitCode).toBe(1)
      expect(result.stdout).toContain('HTTPS_PROXY does not hold the address of a proxy')
      expect(sandbox.requests).toEqual([])
    },
  )
})

describe('the hosts that are called', () => {
  const enterprise = {
    tokenUrl: 'https://ghe.example.com/_services/token?api-version=2',
    apiUrl: 'https://ghe.example.com/api/v3',
  }

  it.each<[string, World, string]>([
    [
      'China',
      {
        ...usual,
        partition: 'aws-cn',
        region: 'cn-north-1',
        audience: 'sts.amazonaws.com.cn',
        hosts: [
          'vstoken.actions.githubusercontent.com:443',
          'sts.cn-north-1.amazonaws.com.cn:443',
          'dynamodb.cn-north-1.amazonaws.com.cn:443',
          'api.github.com:443',
        ],
      },
      'arn:aws-cn:dynamodb:cn-north-1:222222222222:table/users',
    ],
    [
      'GovCloud',
      {
        ...usual,
        partition: 'aws-us-gov',
        region: 'us-gov-west-1',
        hosts: [
          'vstoken.actions.githubusercontent.com:443',
          'sts.us-gov-west-1.amazonaws.com:443',
          'dynamodb.us-gov-west-1.amazonaws.com:443',
          'api.github.com:443',
        ],
      },
      'arn:aws-us-gov:dynamodb:us-gov-west-1:222222222222:table/users',
    ],
    [
      'GitHub Enterprise Server',
      {
        ...usual,
        ...enterprise,
        hosts: ['ghe.example.com:443', 'sts.ap-south-1.amazonaws.com:443', 'dynamodb.ap-south-1.amazonaws.com:443'],
      },
      'arn:aws:dynamodb:ap-south-1:222222222222:table/users',
    ],
  ])('belong to %s', async (_, world, arn) => {
    await start(world)
    const result = await plan(world, { HTTPS_PROXY: `http://${proxy.place}` })

    expect(isDone(result)).toEqual([0, []])
    expect(new Set(proxy.asked)).toEqual(new Set(world.hosts))
    expect(result.outputs['users-table-arn']).toBe(arn)
    expect(sandbox.gitHub.comments('acme/app', 7)).toHaveLength(1)
  })

  it('include KMS where a definition names a key by an alias, and only there', async () => {
    const world = { ...usual, hosts: [...usual.hosts, 'kms.ap-south-1.amazonaws.com:443'] }
    const definition = (key: string) => `
tables:
  events:
    KeySchema: [{ AttributeName: id, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
    SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: ${key} }
`
    await start(world)
    const environment = { HTTPS_PROXY: `http://${proxy.place}` }
    const id = '11111111-2222-3333-4444-555555555555'
    expect(isDone(await plan(world, environment, definition(id)))).toEqual([0, []])
    expect(new Set(proxy.asked)).toEqual(new Set(usual.hosts))

    expect(isDone(await plan(world, environment, definition('alias/events')))).toEqual([0, []])
    expect(new Set(proxy.asked)).toEqual(new Set(world.hosts))
  })

  it('are connected to directly where there is no proxy', async () => {
    await start(usual)
    expect(isDone(await plan(usual, { SOCKET_GUARD_PORT: String(proxy.directPort) }))).toEqual([0, []])
    expect(connected()).toEqual(new Set(usual.hosts))
    expect(proxy.asked).toEqual([])
  })
})

describe('a certificate of an unknown authority', () => {
  const untrusted = { NODE_EXTRA_CA_CERTS: '' }
  const lastError = ({ commands }: RunnerResult) =>
    commands.filter(({ command }) => command === 'error').at(-1)?.message ?? ''

  it('of the token’s endpoint is reported with NODE_EXTRA_CA_CERTS at the first try, and not as a missing permission', async () => {
    await start(usual)
    const result = await plan(usual, { ...untrusted, SOCKET_GUARD_PORT: String(proxy.directPort) })
    expect(result.exitCode).toBe(1)
    expect(lastError(result)).toMatch(
      /^The certificate of https:\/\/vstoken\.actions\.githubusercontent\.com is not accepted: DEPTH_ZERO_SELF_SIGNED_CERT\.\nTo fix: .*NODE_EXTRA_CA_CERTS/,
    )
    expect(result.stdout).not.toMatch(/Trying again|id-token/)
    expect(sandbox.requests).toEqual([])
  })

  it('behind a proxy is reported in the same way', async () => {
    await start(usual)
    const result = await plan(usual, { ...untrusted, HTTPS_PROXY: `http://${proxy.place}` })
    expect(lastError(result)).toMatch(/^The certificate of https:\/\/vstoken.* is not accepted: .*NODE_EXTRA_CA_CERTS/s)
    expect(proxy.asked).toEqual(['vstoken.actions.githubusercontent.com:443', 'api.github.com:443'])
  })

  it.each([
    ['STS', 'AWS_ENDPOINT_URL_STS', 'https://sts.ap-south-1.amazonaws.com'],
    ['DynamoDB', 'AWS_ENDPOINT_URL_DYNAMODB', 'https://dynamodb.ap-south-1.amazonaws.com'],
  ])('of %s is reported in the same way', async (_, variable, origin) => {
    await start(usual)
    const { tokenUrl, apiUrl } = onSandbox()
    const endpoints = { AWS_ENDPOINT_URL_STS: sandbox.url, AWS_ENDPOINT_URL_DYNAMODB: sandbox.url, [variable]: '' }
    const result = await plan(
      { ...usual, tokenUrl, apiUrl },
      { ...untrusted, ...endpoints, SOCKET_GUARD_PORT: String(proxy.directPort) },
    )
    expect(result.exitCode).toBe(1)
    expect(lastError(result)).toContain(`The certificate of ${origin} is not accepted: DEPTH_ZERO_SELF_SIGNED_CERT.`)
    expect(lastError(result)).toMatch(/\nTo fix: .*NODE_EXTRA_CA_CERTS/)
    expect(result.stdout).not.toContain('Trying again')
  })

  it('of GitHub’s API is a warning with its host at the first try', async () => {
    await start(usual)
    const { tokenUrl } = onSandbox()
    const result = await plan(
      { ...usual, tokenUrl },
      { ...untrusted, AWS_ENDPOINT_URL: sandbox.url, SOCKET_GUARD_PORT: String(proxy.directPort) },
    )
    const [code, messages] = isDone(result)
    expect(code).toBe(0)
    expect(messages).toEqual([
      expect.stringMatching(
        /^The pull request comment could not be written\. The certificate of https:\/\/api\.github\.com is not accepted: .*NODE_EXTRA_CA_CERTS/s,
      ),
    ])
    expect(result.stdout).not.toContain('Trying again')
  })

  const onSandbox = () => ({
    tokenUrl: sandbox.environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '',
    apiUrl: sandbox.environment.GITHUB_API_URL ?? '',
  })
})

it('a host name that cannot be resolved is reported with aws-region, and is requested once', async () => {
  await start(usual)
  const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl = '' } = sandbox.environment
  const result = await plan({ ...usual, tokenUrl }, { SOCKET_GUARD_UNRESOLVED: 'yes' })
  expect(result.exitCode).toBe(1)
  expect(result.stdout).toContain('The host name sts.ap-south-1.amazonaws.com cannot be resolved: ENOTFOUND.')
  expect(result.stdout).toContain('To fix: Check aws-region, which is part of the name')
  const asked = readFileSync(join(folder, 'places'), 'utf8').split('\n')
  expect(asked.filter((place) => place.startsWith('name sts'))).toHaveLength(1)
})

describe('a custom endpoint', () => {
  it('at an IPv6 address is called over early connections', async () => {
    await start(usual)
    const relay = createServer((socket) => {
      const onward = connect(Number(new URL(sandbox.url).port), '127.0.0.1')
      socket.pipe(onward).pipe(socket)
      for (const each of [socket, onward]) each.on('error', () => undefined)
      onward.on('close', () => socket.destroy())
    }).listen(0, '::1')
    await once(relay, 'listening')
    let connections = 0
    relay.on('connection', () => {
      connections += 1
    })
    const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl = '', GITHUB_API_URL: apiUrl = '' } = sandbox.environment
    const url = `http://[::1]:${(relay.address() as AddressInfo).port}`
    const result = await plan(
      { ...usual, tokenUrl, apiUrl },
      { AWS_ENDPOINT_URL_STS: sandbox.url, AWS_ENDPOINT_URL_DYNAMODB: url },
    )
    relay.close()
    expect(isDone(result)).toEqual([0, []])
    expect(connections).toBe(6)
    expect(result.stdout).toContain(`DynamoDB at ${url} (AWS_ENDPOINT_URL_DYNAMODB)`)
  })

  it('that is wrong is reported before any call, with every other wrong setting', async () => {
    await start(usual)
    writeFileSync(join(folder, 'config'), '[default]\nuse_dualstack_endpoint = yes\n')
    const result = await plan(usual, {
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_ENDPOINT_URL: new URL(sandbox.url).host,
      AWS_USE_FIPS_ENDPOINT: 'True',
    })
    expect(result.exitCode).toBe(1)
    expect(result.stdout).toContain('The inputs have 3 problems.')
    expect(result.stdout).toContain('use_dualstack_endpoint of the profile "default" must be true or false')
    expect(result.stdout).toContain('AWS_ENDPOINT_URL must be a URL that begins with http:// or https://')
    expect(existsSync(join(folder, 'places'))).toBe(false)
  })

  it('of a profile is logged before the credentials', async () => {
    await start(usual)
    const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl = '', GITHUB_API_URL: apiUrl = '' } = sandbox.environment
    writeFileSync(join(folder, 'config'), `[profile work]\nendpoint_url = ${sandbox.url}\n`)
    const result = await plan(
      { ...usual, tokenUrl, apiUrl },
      { AWS_PROFILE: 'work', AWS_CONFIG_FILE: join(folder, 'config') },
    )
    expect(isDone(result)).toEqual([0, []])
    expect(result.stdout).toMatch(
      /STS and DynamoDB at http:\S+ \(endpoint_url of the profile "work"\)\n(?:::add-mask::.*\n)*Credentials: /,
    )
  })
})

it('AWS_CA_BUNDLE is a warning that names NODE_EXTRA_CA_CERTS, and the run goes on', async () => {
  await start(usual)
  const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl = '', GITHUB_API_URL: apiUrl = '' } = sandbox.environment
  const result = await plan(
    { ...usual, tokenUrl, apiUrl },
    { NODE_EXTRA_CA_CERTS: '', AWS_CA_BUNDLE: '/etc/ca.pem', AWS_ENDPOINT_URL: sandbox.url },
  )
  expect(isDone(result)).toEqual([0, [expect.stringMatching(/^AWS_CA_BUNDLE is set, but .*NODE_EXTRA_CA_CERTS/)]])
})

it('variables of the SDK that our clients do not use have no effect, although their values are wrong', async () => {
  await start(usual)
  const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl = '', GITHUB_API_URL: apiUrl = '' } = sandbox.environment
  const result = await plan(
    { ...usual, tokenUrl, apiUrl },
    {
      AWS_ENDPOINT_URL: sandbox.url,
      AWS_DEFAULTS_MODE: 'fast',
      AWS_RETRY_MODE: 'off',
      AWS_MAX_ATTEMPTS: 'three',
      AWS_DISABLE_CLOCK_SKEW_CORRECTION: 'yes',
    },
  )
  expect(isDone(result)).toEqual([0, []])
})
