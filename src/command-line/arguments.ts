/** The arguments of a command, such as `plan --environment dev`. The flags are the inputs of the action. */
import { parseArgs } from 'node:util'
import { secretInput } from '../github/runner.ts'
import { declarations, type InputName, inputNames } from '../inputs/declarations.ts'
import type { InputDeclaration } from '../inputs/parsers.ts'
import { givenInputs, suggestInput } from '../inputs/unknown-inputs.ts'
import type { Variables } from '../run/variables.ts'
import { count, listSome, quote, visible } from '../text/readable.ts'

/** The request that the arguments make, or all of their problems. */
export type Arguments =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'run'; readonly inputs: { readonly [Name in InputName]?: string } }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }

/** The variable that replaces the flag of a secret: every process of a machine can list the arguments of the others. */
export const tokenVariable = 'GITHUB_TOKEN'

/**
 * Reads the arguments.
 *
 * @param variables the environment. Inputs that it has, such as INPUT_ENVIRONMENT, are a problem: they would mix with flags
 */
export function readArguments(args: readonly string[], variables: Variables): Arguments {
  const { command, flags, strays } = splitArguments(args)
  if (command === 'help' || flags.some(({ written }) => ['--help', '-h'].includes(written))) return { kind: 'help' }
  if (flags.some(({ written }) => written === '--version')) return { kind: 'version' }
  const problems = [
    ...checkCommand(command),
    ...flags.flatMap((flag) => checkFlag(flag)),
    ...checkRepetitions(flags),
    ...strays.map((stray) => explainStray(stray, flags)),
    ...checkVariables(variables),
  ]
  if (problems.length > 0) return { kind: 'wrong', problems }
  const linesOf = (name: string) =>
    flags.flatMap((flag) => (flag.name === name ? (flag.value ?? 'true') : [])).join('\n')
  return {
    kind: 'run',
    inputs: Object.fromEntries([['command', command], ...flags.map(({ name }) => [name, linesOf(name)])]),
  }
}

/** A value that follows no flag. */
interface Stray {
  readonly value: string
  readonly followsCommand: boolean
}

interface Flag {
  /** As it was written, such as `--aws-region` or `-h`. */
  readonly written: string
  readonly name: string
  /** Undefined if the flag stands alone. */
  readonly value: string | undefined
}

/** Takes the argument after a flag as its value, unless that begins with a hyphen. */
function splitArguments(args: readonly string[]) {
  // Without a list of options, every flag is a token of its own, and so is the argument after it.
  const { tokens } = parseArgs({ args: [...args], strict: false, tokens: true })
  const flags: Flag[] = []
  const strays: Stray[] = []
  let command: string | undefined
  for (const [index, token] of tokens.entries()) {
    const previous = tokens[index - 1]
    const last = flags.at(-1)
    if (token.kind === 'option') {
      // Node takes -abc as three options at one place.
      if (previous?.index === token.index) continue
      flags.push({ written: token.rawName, name: token.name, value: token.value })
    } else if (token.kind === 'positional' && index === 0) command = token.value
    else if (token.kind === 'positional' && previous?.kind === 'option' && last?.value === undefined && last) {
      flags[flags.length - 1] = { ...last, value: token.value }
    } else strays.push({ value: token.kind === 'positional' ? token.value : '--', followsCommand: index === 1 })
  }
  return { command, flags, strays }
}

const { choices: commands } = declarations.command

function checkCommand(command: string | undefined): readonly string[] {
  const choices = `Begin with one of ${commands?.join(', ')}.`
  if (command === undefined) return [`The command is missing. ${choices}`]
  return commands?.some((each) => each === command) ? [] : [`${quote(command)} is not a command. ${choices}`]
}

/** Explains a value without a flag. The one after the command is mostly meant for the environment. */
function explainStray({ value, followsCommand }: Stray, flags: readonly Flag[]): string {
  const isEnvironment = followsCommand && value !== '--' && !flags.some(({ name }) => name === 'environment')
  const advice = isEnvironment
    ? `Did you mean --environment ${visible(value)}?`
    : 'Repeat the flag for each value, such as --tags team=a --tags zone=b.'
  return `${quote(value)} follows no flag. ${advice}`
}

function checkFlag({ written, name, value }: Flag): readonly string[] {
  const input = inputNames.find((each) => written === `--${each}`)
  if (input === undefined) return [`${visible(written)} is not a flag.${suggestFlag(name, value)}`]
  if (input === 'command') return ['--command is not a flag. Give the command as the first argument.']
  if (input === secretInput) {
    return [
      `--${input} is not a flag: other processes can read arguments. Set the environment variable ${tokenVariable}.`,
    ]
  }
  return value === undefined && !mayStandAlone(input) ? [`${written} has no value. Write ${written}=VALUE.`] : []
}

/** Advice for flags of other commands, by the name in lower case. */
const adviceForFlags: ReadonlyMap<string, string> = new Map([
  ['aws-access-key-id', 'Set the environment variable AWS_ACCESS_KEY_ID.'],
  ['aws-secret-access-key', 'Set the environment variable AWS_SECRET_ACCESS_KEY.'],
  ['aws-session-token', 'Set the environment variable AWS_SESSION_TOKEN.'],
  ['def', 'Did you mean --definition-file?'],
  ['f', 'Did you mean --definition-file?'],
  ['token', `Set the environment variable ${tokenVariable}.`],
  ['profile', 'Set the environment variable AWS_PROFILE.'],
  ['v', 'Did you mean --version?'],
  ['verbose', 'The log is always complete.'],
])

function suggestFlag(name: string, value = ''): string {
  const advice = adviceForFlags.get(name.toLowerCase())
  if (advice !== undefined) return ` ${advice}`
  const meant = suggestInput({ name: name.toLowerCase(), value })
  if (meant === undefined) return ' --help lists the flags.'
  if (meant === 'command: plan') return ' Did you mean the command plan?'
  return meant === secretInput ? ` Set the environment variable ${tokenVariable}.` : ` Did you mean --${meant}?`
}

/** Reports whether the flag without a value means true. */
export function mayStandAlone(name: InputName): boolean {
  const { isSwitch, choices = [] }: InputDeclaration<unknown> = declarations[name]
  return isSwitch === true || choices.includes('true')
}

function checkRepetitions(flags: readonly Flag[]): readonly string[] {
  return inputNames.flatMap((name) => {
    const { hasLines }: InputDeclaration<unknown> = declarations[name]
    const times = flags.filter((flag) => flag.name === name).length
    return hasLines === true || times < 2
      ? []
      : [`--${name} is given ${count(times, 'time')}, but takes one value. Give it once.`]
  })
}

function checkVariables(variables: Variables): readonly string[] {
  const given = givenInputs(variables).map(({ variable }) => visible(variable))
  if (given.length === 0) return []
  return [
    `The environment has ${listSome(given, 5, 'more input')}, but a command takes its inputs from flags only. Unset ${given.length === 1 ? 'it' : 'them'}, or leave all arguments out.`,
  ]
}
