/** What is committed and what the README promises. In one file, because both compile into lib/. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const npm = (...words: string[]) => promisify(execFile)('npm', words, { env: process.env })

it('dist is what the sources build', async () => {
  await expect(npm('run', 'check-dist')).resolves.toBeDefined()
}, 120_000)

it('dist is one script of ASCII alone, under 3 MB, with the licences of all that is in it', () => {
  const read = (name: string) => readFileSync(new URL(`../../dist/${name}`, import.meta.url), 'utf8')
  expect(readdirSync(new URL('../../dist/', import.meta.url)).sort()).toEqual([
    'index.js',
    'licenses.txt',
    'package.json',
  ])
  const script = read('index.js')
  expect(script.length).toBeLessThan(3_000_000)
  expect(Buffer.byteLength(script)).toBe(script.length)
  for (const name of ['@actions/core', '@actions/github', '@octokit/core', '@aws-sdk/client-dynamodb', 'undici']) {
    expect(`\n${read('licenses.txt')}`).toContain(`\n${name}\n`)
  }
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
