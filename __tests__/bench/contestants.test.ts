/** How contestants are started, and their endpoints. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  configureAwsCredentials,
  floor,
  type Login,
  naive,
  type Scene,
  searchPath,
  thisAction,
  thisBundle,
} from '../../bench/contestants.ts'
import { measureWall } from '../../bench/measure.ts'
import { plain } from '../../bench/profiles.ts'
import { onStage } from '../../bench/stage.ts'

const folder = mkdtempSync(join(tmpdir(), 'bench-contestants-'))
const node = '/a/folder/of/node24/bin/node'
const scene = (login: Login): Scene => ({ node, login, folder, endpoints: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' } })
const before = process.env.CONFIGURE_AWS_CREDENTIALS
const checkout = join(folder, 'configure-aws-credentials')
const entry = join(checkout, 'dist', 'index.js')

beforeAll(() => {
  mkdirSync(join(checkout, 'dist'), { recursive: true })
  writeFileSync(entry, '')
  writeFileSync(join(checkout, 'package.json'), '{"version":"6.2.3"}')
  writeFileSync(
    join(checkout, 'action.yml'),
    'inputs:\n  audience:\n    default: sts.amazonaws.com\n  aws-profile:\n    required: false\n',
  )
})

beforeEach(() => {
  process.env.CONFIGURE_AWS_CREDENTIALS = entry
})

afterEach(() => {
  if (before === undefined) delete process.env.CONFIGURE_AWS_CREDENTIALS
  else process.env.CONFIGURE_AWS_CREDENTIALS = before
})

afterAll(() => rmSync(folder, { recursive: true }))

async function all(login: Login) {
  const given = scene(login)
  return [await thisAction(given), await configureAwsCredentials(given), floor(given), naive(given)].map((found) => {
    if (found === undefined) throw new Error('A contestant is missing')
    return found
  })
}

describe.each<Login>(['access key', 'OIDC token'])('with an %s', (login) => {
  it('starts every Node contestant by its file, without flags and NODE_OPTIONS', async () => {
    const contestants = await all(login)

    expect(contestants).toHaveLength(4)
    for (const { command, words, environment } of contestants) {
      expect(command).toBe(node)
      expect(words[0]).toMatch(/^\/.+\.js$/)
      expect(words.filter((word) => word.startsWith('-'))).toEqual([])
      expect(Object.keys(environment).filter((name) => name.startsWith('NODE_'))).toEqual([])
    }
  })

  it('starts actions with their file as the only argument and with the environment of the runner', async () => {
    const [own, other] = await all(login)

    expect([own?.words, other?.words]).toEqual([[thisBundle], [entry]])
    for (const action of [own, other]) {
      expect(action?.environment).toMatchObject({ CI: 'true', GITHUB_ACTIONS: 'true', RUNNER_OS: 'Linux' })
      for (const name of ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STEP_SUMMARY', 'GITHUB_WORKSPACE', 'RUNNER_TEMP']) {
        expect(action?.environment[name]).toContain(folder)
      }
      expect(action?.folder).toBe(action?.environment.GITHUB_WORKSPACE)
    }
    // The runner also sets inputs that the workflow does not: to their default, or empty.
    expect(own?.environment).toMatchObject({ INPUT_COMMAND: 'apply', 'INPUT_TABLE-NAME-PREFIX': '' })
    expect(other?.environment).toMatchObject({ INPUT_AUDIENCE: 'sts.amazonaws.com', 'INPUT_AWS-PROFILE': '' })
  })

  it('sets an access key only if it is the login', async () => {
    const isKey = login === 'access key'
    const [own, other, ...scripts] = await all(login)

    for (const contestant of [own, ...scripts])
      expect('AWS_ACCESS_KEY_ID' in (contestant?.environment ?? {})).toBe(isKey)
    expect(other?.environment['INPUT_AWS-ACCESS-KEY-ID'] !== '').toBe(isKey)
  })
})

it('reads the version of configure-aws-credentials from its checkout', async () => {
  expect((await configureAwsCredentials(scene('OIDC token')))?.version).toBe('6.2.3')
})

it('omits configure-aws-credentials without a checkout, and rejects a wrong path', async () => {
  delete process.env.CONFIGURE_AWS_CREDENTIALS
  expect(await configureAwsCredentials(scene('OIDC token'))).toBeUndefined()

  process.env.CONFIGURE_AWS_CREDENTIALS = join(folder, 'missing', 'index.js')
  await expect(configureAwsCredentials(scene('OIDC token'))).rejects.toThrow('must name dist/index.js in a checkout')
})

it('puts no wrapper script of a version manager before Python in PATH', () => {
  expect(searchPath()).toContain(process.env.PATH)
  expect(searchPath().split(':')[0]).not.toContain('shims')
})

it('makes clients open separate connections to the token endpoint, STS and DynamoDB, as on AWS', async () => {
  await onStage({ ...plain, login: 'OIDC token', latencyMilliseconds: 0 }, process.execPath, {}, async (stage) => {
    await measureWall(await thisAction(stage.scene))
    stage.sandbox.clearRequests()
    await measureWall(await thisAction(stage.scene))

    const { requests } = stage.sandbox
    expect(requests.map(({ service }) => service).sort()).toEqual([...Array(6).fill('dynamodb'), 'oidc', 'sts'])
    const connections = (service: string) =>
      requests.filter((request) => request.service === service).map(({ connected }) => connected)
    const [token] = connections('oidc')
    const [sts] = connections('sts')
    expect(sts).not.toBe(token)
    expect(connections('dynamodb')).not.toContain(sts)
    expect(connections('dynamodb')).not.toContain(token)
  })
})

it('applies the connection time of the profile to each of the three hosts', async () => {
  const profile = { ...plain, latencyMilliseconds: 0, connectionMilliseconds: 200 }
  await onStage({ ...profile, login: 'OIDC token' }, process.execPath, {}, async ({ scene: { endpoints } }) => {
    const urls = Object.values(endpoints).filter((value) => value.startsWith('http'))
    expect(urls).toHaveLength(3)
    for (const url of urls) {
      const start = performance.now()
      await (await fetch(url)).text()
      expect(performance.now() - start).toBeGreaterThanOrEqual(190)
    }
  })
})
