/** What is committed and what the README promises. In one file, because both compile into lib/. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const npm = (...words: string[]) => promisify(execFile)('npm', words, { env: process.env })

it('dist is what the sources build', async () => {
  await expect(npm('run', 'check-dist')).resolves.toBeDefined()
}, 120_000)

it('the demo makes two tables in the target account, changes nothing the second time, and shows no secret', async () => {
  const { stdout } = await npm('run', 'demo')
  const [, end = ''] = stdout.split('--- What came of it ---')
  expect(end.trim().split('\n')).toEqual([
    'first run:  exit code 0, changed = true',
    'second run: exit code 0, changed = false',
    'second run: 8 AWS calls in 3 round trips one after another, 0 of them writes',
    'tenant: arn:aws:dynamodb:ap-south-1:222222222222:table/tenant',
    'users:  arn:aws:dynamodb:ap-south-1:222222222222:table/users',
    'As it should be: the first run made both tables, the second wrote nothing.',
  ])
  expect(stdout).not.toMatch(/ASIA|eyJ|add-mask/)
}, 120_000)
