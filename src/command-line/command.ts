/** The bundle as a command on a terminal or in a script. */
import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { renderError } from '../errors/description.ts'
import { RemedyError } from '../errors/errors.ts'
import { commandRunner, type Runner, secretInput } from '../github/runner.ts'
import { count } from '../text/readable.ts'
import { type Arguments, readArguments, tokenVariable } from './arguments.ts'
import { renderHelp } from './help.ts'

/**
 * Reads the arguments. Prints the help, the version or what is wrong with the arguments.
 *
 * @returns the runner of the command; undefined if there is nothing to run
 */
export async function openCommand(process: NodeJS.Process): Promise<Runner | undefined> {
  const args = process.argv.slice(2)
  // A person who gives no arguments does not know them yet.
  const read: Arguments = args.length === 0 ? { kind: 'help' } : readArguments(args, process.env)
  const runner = commandRunner(process, withInputs(process.env, read.kind === 'run' ? read.inputs : {}))
  if (read.kind === 'run') return runner
  try {
    // Its value is redacted from here on.
    runner.input(secretInput)
    if (read.kind === 'wrong') throw wrongArguments(read.problems)
    const file = read.kind === 'help' ? 'action.yml' : 'package.json'
    const text = await readProjectFile(process.argv[1] ?? '', file)
    process.stdout.write(`${read.kind === 'help' ? renderHelp(text) : JSON.parse(text).version}\n`)
  } catch (error) {
    await runner.load()
    runner.fail('Tenant Tables', renderError(error))
  }
  return undefined
}

/** The environment with these inputs and no others, in the variables of GitHub's runner. */
function withInputs(environment: NodeJS.ProcessEnv, inputs: Readonly<Record<string, string>>) {
  const given = { ...inputs, [secretInput]: environment[tokenVariable] ?? '' }
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('INPUT_'))),
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  }
}

function wrongArguments(problems: readonly string[]): RemedyError {
  const summary = problems.length === 1 ? 'An argument is wrong.' : `${count(problems.length, 'argument')} are wrong.`
  return new RemedyError(
    [summary, ...problems.map((problem) => `- ${problem}`)].join('\n'),
    'Correct the arguments. --help prints all commands and flags. Nothing was called.',
  )
}

/** Reads a file of the folder above the script: the bundle holds neither the descriptions of the inputs nor the version. */
async function readProjectFile(script: string, name: string): Promise<string> {
  try {
    // npm installs a command as a link.
    return await readFile(join(dirname(await realpath(script)), '..', name), 'utf8')
  } catch (cause) {
    const remedy = 'Run dist/index.js in a complete copy of the repository.'
    throw new RemedyError(`The file ${name} above the folder of the script cannot be read.`, remedy, { cause })
  }
}
