/** The committed bundle, and the promises of the README. In one file, because both compile into lib/. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const npm = (...words: string[]) => promisify(execFile)('npm', words, { env: process.env })

it('dist is what the sources build', async () => {
  await expect(npm('run', 'check-dist')).resolves.toBeDefined()
}, 120_000)

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

it('the demo shows the whole life of two tables in the target account, and no secret', async () => {
  const { stdout } = await npm('run', 'demo')
  const [, end = ''] = stdout.split('--- Result ---')
  // How many calls a wait takes depends on the machine; what is written does not.
  expect(
    end
      .trim()
      .replace(/\d+ AWS calls in \d+ round trips/g, 'calls')
      .replace(/ +/g, ' ')
      .split('\n'),
  ).toEqual([
    '1. Plan: account 222222222222 has no tables exit code 0, calls, 0 of them writes',
    '2. Apply exactly that plan exit code 0, calls, 2 of them writes',
    '3. Plan again: nothing to do exit code 0, calls, 0 of them writes',
    '5. Plan that fails on drift exit code 1, calls, 0 of them writes',
    '6. Apply: restores the tag exit code 0, calls, 1 of them writes',
    '7. Verify: writes, reads and deletes sample items exit code 0, calls, 8 of them writes',
    '8. Destroy: confirmed by the names of the tables exit code 0, calls, 2 of them writes',
    'tenant: arn:aws:dynamodb:ap-south-1:222222222222:table/tenant',
    'users: arn:aws:dynamodb:ap-south-1:222222222222:table/users',
    'Passed: planned, applied, unchanged, repaired, verified and destroyed.',
  ])
  expect(end).toContain('8 AWS calls in 3 round trips, 0 of them writes')
  // A title that folds is a command to the runner: the demo starts the bundle as the runner does.
  expect(stdout).toContain('▼ Plan')
  expect(stdout).not.toMatch(/ASIA|eyJ|add-mask/)
}, 120_000)
