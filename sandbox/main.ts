/**
 * `npm run sandbox -- [ENVIRONMENT] [SPEED]`: runs the sandbox with two accounts until SIGINT or SIGTERM, and prints the
 * environment variables that direct a job to it.
 *
 * ENVIRONMENT is the environment that the roles trust, `dev` by default. SPEED is the speed of the sandbox's clock, 1 by
 * default: with 50, a minute of AWS takes 1.2 seconds.
 */
import { startSandbox } from './sandbox.ts'
import { twoAccounts } from './two-accounts.ts'

const [environment = 'dev', speed = '1'] = process.argv.slice(2)
const start = Date.now()
const now = () => start + (Date.now() - start) * Number(speed)
const sandbox = await startSandbox({ ...twoAccounts(environment), now })
for (const [name, value] of Object.entries(sandbox.environment)) console.log(`${name}=${value}`)
const stop = () => void sandbox.close()
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
