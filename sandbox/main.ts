/**
 * `npm run sandbox`: runs the sandbox with two accounts until SIGINT or SIGTERM. Prints the environment variables that direct
 * a job to it on stdout, and then two complete commands on stderr.
 */
import { parseArgs } from 'node:util'
import { measuredTimings } from './options.ts'
import { startSandbox } from './sandbox.ts'
import { administratorAccessKey, externalId, hubRole, provisionerRole, twoAccounts } from './two-accounts.ts'

/** Above it, an OIDC token of five minutes expires before the action has sent it. */
const fastest = 100

const usage = `Usage: npm run sandbox -- [--environment NAME] [--speed N]

  --environment NAME  Environment whose jobs the roles trust. Default: dev.
  --speed N           Speed of the clock, a number from 1 to ${fastest}. Default: 1, as on AWS.
                      ${describeIndexBuild(1)}
  --help              Prints this text.`

const region = 'ap-south-1'

try {
  const { values } = parseArgs({
    options: {
      environment: { type: 'string', default: 'dev' },
      speed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(usage)
  else await run(readEnvironment(values.environment), readSpeed(values.speed))
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  process.exitCode = 1
}

function readEnvironment(value: string): string {
  if (/^[\w.-]+$/.test(value)) return value
  throw new Error(`--environment must be a name of letters, digits and ._- but is "${value}".`)
}

function readSpeed(value: string): number {
  const speed = Number(value)
  if (speed >= 1 && speed <= fastest) return speed
  throw new Error(`--speed must be a number from 1 to ${fastest}, but is "${value}".`)
}

async function run(environment: string, speed: number): Promise<void> {
  const start = Date.now()
  const now = () => start + (Date.now() - start) * speed
  const options = twoAccounts(environment)
  const accessKeys = [...(options.accessKeys ?? []), administratorAccessKey]
  const sandbox = await startSandbox({ ...options, accessKeys, now })
  const stop = () => void sandbox.close()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)

  const variables = Object.entries(sandbox.environment).map(([name, value]) => `${name}=${value}`)
  for (const variable of variables) console.log(variable)
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
The sandbox runs until Ctrl-C. ${describeIndexBuild(speed)}

To plan against it, paste this command into another terminal, in this folder. To create the tables, replace "plan" by "apply".

${plan.map(quoteForShell).join(' ')}

This command changes a tag of the table "users" by hand. The next plan finds the drift.
The AWS CLI takes the same variables, for other changes.

${changeByHand.map(quoteForShell).join(' ')}
`)
}

/** States how long an index of an empty table takes to build. At the speed of AWS it recommends another speed. */
function describeIndexBuild(speed: number): string {
  const secondsAt = (each: number) => Math.round(measuredTimings.indexCreating / each / 1000)
  return speed === 1
    ? `An index takes ${secondsAt(1) / 60} minutes to build (on AWS 8 to 17), and ${secondsAt(50)} seconds with --speed 50.`
    : `An index takes ${secondsAt(speed)} seconds to build (on AWS 8 to 17 minutes).`
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
