import { gitHubRunner } from './github/runner.ts'
import { main } from './main.ts'
import { systemClock } from './run/run.ts'

await main(gitHubRunner(process), systemClock)
// A connection that somebody else's code left open must not keep a cancelled job waiting.
setTimeout(() => process.exit(), 250).unref()
