import { gitHubRunner } from './github/runner.ts'
import { main } from './main.ts'
import { systemClock } from './run/run.ts'

// No top-level await here: with one, webpack puts all modules into functions, which Node parses twice.
void main(gitHubRunner(process), systemClock).then(() => {
  // A connection that another package left open must not keep a cancelled job waiting.
  setTimeout(() => process.exit(), 250).unref()
})
