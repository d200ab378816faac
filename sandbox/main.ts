/** Runs the sandbox with its two accounts until it is interrupted, and prints what leads a job to it. */
import { startSandbox } from './sandbox.ts'
import { twoAccounts } from './two-accounts.ts'

const sandbox = await startSandbox(twoAccounts(process.argv[2] ?? 'dev'))
for (const [name, value] of Object.entries(sandbox.environment)) console.log(`${name}=${value}`)
const stop = () => void sandbox.close()
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
