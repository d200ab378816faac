import { gitHubRunner } from './github/runner.ts'
import { main } from './main.ts'
import { systemClock } from './run/run.ts'

// Without a top-level await, for which webpack would put all modules into functions that Node parses twice.
void main(gitHubRunner(process), systemClock).then(() => {
  // A connection that another package left open must not keep a cancelled job waiting.
  setTimeout(() => process.exit(), 250).unref()
})
