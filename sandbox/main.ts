/**
 * Runs the sandbox with its two accounts until it is interrupted, and prints what leads a job to it.
 *
 * First argument: the environment. Second argument: how many times faster than real time the sandbox's clock runs.
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
