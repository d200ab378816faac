/**
 * `npm run sandbox -- [ENVIRONMENT] [SPEED]`: runs the sandbox with two accounts until SIGINT or SIGTERM. Prints the
 * environment variables that direct a job to it on stdout, and then a complete command on stderr.
 *
 * ENVIRONMENT is the environment that the roles trust, `dev` by default. SPEED is the speed of the sandbox's clock, 1 by
 * default: with 50, a minute of AWS takes 1.2 seconds.
 */
import { startSandbox } from './sandbox.ts'
import { administratorAccessKey, externalId, hubRole, provisionerRole, twoAccounts } from './two-accounts.ts'

const [environment = 'dev', speed = '1'] = process.argv.slice(2)
const start = Date.now()
const now = () => start + (Date.now() - start) * Number(speed)
const options = twoAccounts(environment)
const accessKeys = [...(options.accessKeys ?? []), administratorAccessKey]
const sandbox = await startSandbox({ ...options, accessKeys, now })
for (const [name, value] of Object.entries(sandbox.environment)) console.log(`${name}=${value}`)

const variables = Object.entries(sandbox.environment).map(([name, value]) => `${name}=${value}`)
const region = 'ap-south-1'
const flags = ['--environment', environment, '--aws-region', region, '--credential-source', 'oidc']
const roles = ['--role-to-assume', hubRole, '--role-to-assume', provisionerRole, '--role-external-id', externalId]
const plan = ['env', ...variables, 'node', 'dist/index.js', 'plan', ...flags, ...roles, '--tags', 'team=planner']
const administrator = [
  `AWS_ENDPOINT_URL=${sandbox.url}`,
  `AWS_REGION=${region}`,
  `AWS_ACCESS_KEY_ID=${administratorAccessKey.accessKeyId}`,
  `AWS_SECRET_ACCESS_KEY=${administratorAccessKey.secretAccessKey}`,
]
const users = `arn:aws:dynamodb:${region}:222222222222:table/users`
const changeByHand = ['env', ...administrator, 'node', 'lib/sandbox/tag-table.js', users, 'team=someone-else']
console.error(`
The sandbox runs until Ctrl-C. To plan against it, paste this command into another terminal, in this folder.
To create the tables, replace "plan" by "apply".

${plan.map(quoteForShell).join(' ')}

This command changes a tag of the table "users" by hand. The next plan finds the drift.
The AWS CLI takes the same variables, for other changes.

${changeByHand.map(quoteForShell).join(' ')}
`)

const stop = () => void sandbox.close()
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
