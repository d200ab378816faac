/** The committed bundle, the demo and the sandbox. In one file, because the last two compile into lib/. */
import { execFile, spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { promisify, stripVTControlCharacters } from 'node:util'

const npm = (...words: string[]) => promisify(execFile)('npm', words, { env: process.env })

describe('the committed bundle', () => {
  const folder = new URL('../../dist/', import.meta.url)
  const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')
  const names = readdirSync(folder).sort()
  const scripts = names.filter((name) => name.endsWith('.js'))
  /** The path that webpack prints above each module of a file. */
  const hasModule = (name: string, path: string) => new RegExp(`^;?// .*${path}`, 'm').test(read(name))

  it('has index.js, and one file each for DynamoDB, KMS, credential providers, the comment, definition files, and YAML with the command line', () => {
    expect(names).toEqual([...scripts, 'licenses.txt', 'package.json'].sort())
    const parts = {
      'index.js': 'lib/src/main.js',
      dynamodb: 'client-dynamodb/dist-es/DynamoDBClient.js',
      kms: 'client-kms/dist-es/KMSClient.js',
      providers: 'credential-provider-ini/dist-es/',
      comment: 'node_modules/@actions/github/lib/github.js',
      definition: 'lib/src/definition/read-definition.js',
      commandLine: 'lib/src/command-line/command.js',
    }
    // webpack prints no path above the modules of a file that holds one package.
    const yaml = scripts.filter((name) => read(name).includes('exports.LineCounter = LineCounter'))
    const holders = [...Object.values(parts).map((path) => scripts.filter((name) => hasModule(name, path))), yaml]
    expect(holders[0]).toEqual(['index.js'])
    expect(holders.slice(1)).toEqual(holders.slice(1).map(() => [expect.any(String)]))
    expect(new Set(holders.flat())).toEqual(new Set(scripts))
  })

  it('is ASCII, and index.js is under 900 kB', () => {
    for (const name of scripts) expect(Buffer.byteLength(read(name))).toBe(read(name).length)
    expect(read('index.js').length).toBeLessThan(900_000)
  })

  it('has the licence of every package in it', () => {
    const bundled = ['@actions/core', '@actions/github', '@actions/http-client', '@octokit/core', 'hpagent', 'undici']
    const sdk = [
      '@aws-sdk/client-dynamodb',
      '@aws-sdk/client-kms',
      '@aws-sdk/client-sts',
      '@smithy/core',
      'mnemonist',
      'obliterator',
    ]
    for (const name of [...bundled, ...sdk]) expect(`\n${read('licenses.txt')}`).toContain(`\n${name}\n`)
  })

  it.each([
    // DescribeEndpoints is part of the client, for endpoint discovery.
    ['DynamoDB', 'client-dynamodb/dist-es/DynamoDBClient.js', 'commands.ts', ['DescribeEndpointsCommand']],
    ['KMS', 'client-kms/dist-es/KMSClient.js', 'kms-commands.ts', []],
  ])('can call no operation of %s but those that its commands name', (_, client, file, more) => {
    const holder = scripts.find((name) => hasModule(name, client)) ?? ''
    const commands = [...read(holder).matchAll(/^var (\w+Command) = class /gm)].map(([, command]) => command)
    const source = readFileSync(new URL(`../../src/aws/${file}`, import.meta.url), 'utf8')
    expect(commands.sort()).toEqual([...(source.match(/\w+Command/g) ?? []), ...more].sort())
  })
})

it('the demo ends as expected, in fewer than 80 lines without a secret and without a cut one, and writes both pages', async () => {
  rmSync('demo', { recursive: true, force: true })
  const { stdout } = await npm('run', 'demo')
  const lines = stripVTControlCharacters(stdout).split('\n')
  expect(lines.length).toBeLessThan(80)
  expect(lines.filter((line) => /^\d+\. /.test(line))).toHaveLength(10)
  expect(lines).toContainEqual(expect.stringMatching(/^All ten runs ended as expected, in \d+ s\.$/))
  expect(lines.filter((line) => line.endsWith('…'))).toEqual([])
  expect(lines.filter((line) => line.length > 120 && !/^ {2}[+~-] /.test(line))).toEqual([])
  expect(lines.join(' ')).toMatch(/"applied in .*Inputs of every run, .*tags: team=planner\./s)
  expect(stdout).not.toMatch(/ASIA|eyJ|ghs_|add-mask/)
  for (const name of ['comment.html', 'summary.html']) {
    expect(readFileSync(`demo/${name}`, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<table>[\s\S]*by-email/)
  }
}, 120_000)

// The demo compiled the sandbox.
it.each([
  [['help'], "Unexpected argument 'help'"],
  [['--sped', '50'], "Unknown option '--sped'"],
  [['--speed', 'fast'], '--speed must be a number from 1 to 100, but is "fast".'],
  [['--speed=0'], '--speed must be a number from 1 to 100, but is "0".'],
  [['--environment', 'a b'], '--environment must be a name of letters, digits and ._- but is "a b".'],
])('the sandbox does not start with the arguments %j, and says which ones it takes', async (words, problem) => {
  const run = promisify(execFile)(process.execPath, ['lib/sandbox/main.js', ...words])
  const { code, stdout, stderr } = await run.catch((error) => error)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(problem)
  expect(stderr).toContain('\nUsage: npm run sandbox -- [--environment NAME] [--speed N]\n')
})

it('the sandbox prints its usage with --help, and does not start', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['lib/sandbox/main.js', '--help'])
  expect(stdout).toMatch(/^Usage: npm run sandbox.*--environment NAME .*--speed N .*--help/s)
})

it('the sandbox prints variables on stdout, and two commands that a shell runs as they are: to plan, and to change a tag by hand', async () => {
  const sandbox = spawn(process.execPath, ['lib/sandbox/main.js', '--speed', '50'])
  const read = async (stream: Readable, end: RegExp) => {
    let text = ''
    for await (const part of stream.setEncoding('utf8')) {
      text += part
      if (end.test(text)) break
    }
    return text
  }
  try {
    const [variables, hint] = await Promise.all([
      read(sandbox.stdout, /^GITHUB_API_URL=.*\n/m),
      read(sandbox.stderr, /(?:^env .*\n[\s\S]*){2}/m),
    ])
    // Lines of another form would be errors in GITHUB_ENV.
    for (const line of variables.trimEnd().split('\n')) expect(line).toMatch(/^[A-Z0-9_]+=\S+$/)
    expect(hint).toContain('An index takes 12 seconds to build (on AWS 8 to 17 minutes).')
    const [plan = '', changeByHand = ''] = hint.match(/^env .*$/gm) ?? []
    const shell = async (command: string) =>
      (await promisify(execFile)('sh', ['-c', command], { env: { PATH: process.env.PATH } })).stdout
    const apply = plan.replace(' node dist/index.js plan ', ' node dist/index.js apply ')
    expect(await shell(apply)).toContain('\nchanged=true\n')
    expect(await shell(plan)).toContain('\nhas-changes=false\n')
    await shell(changeByHand)
    expect(await shell(plan)).toMatch(/\nhas-changes=true\nchanges-count=1\n/)
  } finally {
    sandbox.kill()
  }
}, 30_000)
