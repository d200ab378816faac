#!/usr/bin/env node
import { gitHubRunner } from './github/runner.ts'
import { main } from './main.ts'
import { systemClock } from './run/run.ts'
import { isGitHubJob } from './run/variables.ts'

// No top-level await here: with one, webpack puts all modules into functions, which Node parses twice.
void start().then(() => {
  // A package may leave a connection open, and a cancelled job must not wait for it.
  setTimeout(() => process.exit(), 250).unref()
})

async function start(): Promise<void> {
  if (!isCommand()) return await main(gitHubRunner(process), systemClock)
  const { openCommand } = await import('./command-line/command.ts')
  const runner = await openCommand(process)
  if (runner !== undefined) await main(runner, systemClock)
}

/**
 * Reports whether a person or a script started this process. GitHub starts an action without arguments, also if
 * GITHUB_ACTIONS is set: a step with `run:` may give some. A terminal without arguments and without inputs gets the help.
 */
function isCommand(): boolean {
  const { argv, env, stdout } = process
  if (argv.length > 2) return true
  return !isGitHubJob(env) && stdout.isTTY && !Object.keys(env).some((name) => name.startsWith('INPUT_'))
}
