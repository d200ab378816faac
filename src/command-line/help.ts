/** The text of `--help`, from the declarations of the inputs and their descriptions in action.yml. */
import { parse } from 'yaml'
import { secretInput } from '../github/runner.ts'
import { declarations, type InputName, inputNames } from '../inputs/declarations.ts'
import type { InputDeclaration } from '../inputs/parsers.ts'
import { mayStandAlone, tokenVariable } from './arguments.ts'

interface Action {
  readonly description: string
  readonly inputs: Readonly<Record<string, { readonly description: string }>>
}

/** @param action the text of action.yml */
export function renderHelp(action: string): string {
  const { description, inputs } = parse(action) as Action
  const describe = (name: InputName) => inputs[name]?.description ?? ''
  const flags = inputNames.filter((name) => name !== 'command' && name !== secretInput)
  return [
    ...wrap(description, 0),
    '',
    'Usage: tenant-tables COMMAND --environment NAME [FLAG...]',
    '   or: node dist/index.js COMMAND --environment NAME [FLAG...]',
    '',
    'Commands:',
    ...describeCommands(describe('command')),
    '',
    'Examples:',
    '  tenant-tables plan --environment dev --aws-region ap-south-1',
    '  tenant-tables apply --environment dev --aws-region ap-south-1 --tags team=planner \\',
    '    --role-to-assume arn:aws:iam::222222222222:role/tenant-tables',
    '',
    'Flags, which are the inputs of the action:',
    ...flags.flatMap((name) => ['', ...describeFlag(name, describe(name))]),
    '',
    'Other flags:',
    '  --help     Prints this text.',
    '  --version  Prints the version.',
    '',
    'Environment variables:',
    ...wrap(
      'AWS credentials and settings, as for the AWS SDK: AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION and others.',
      2,
    ),
    ...wrap(`${tokenVariable} replaces the input ${secretInput}. ${describe(secretInput)}`, 2),
    '',
    'The log goes to stderr, and the outputs to stdout, as name=value. The exit code is 0 or,',
    'if the run failed, was refused, or found drift with --fail-on-drift, 1.',
  ].join('\n')
}

/** @param description each command, a colon, and what it does */
function describeCommands(description: string): readonly string[] {
  return description.split(/(?<=\.) (?=\w+: )/).flatMap((part) => {
    const [command = ''] = part.split(':')
    const [first = '', ...rest] = wrap(part.slice(command.length + 2), 11)
    return [`  ${command.padEnd(9)}${first.trimStart()}`, ...rest]
  })
}

function describeFlag(name: InputName, description: string): readonly string[] {
  const declaration: InputDeclaration<unknown> = declarations[name]
  const { default: byDefault, choices = [], hasLines, isSwitch } = declaration
  // The choices of an input with lines are many, and its description has them.
  const value = isSwitch ? 'true|false' : choices.length > 0 && !hasLines ? choices.join('|') : 'VALUE'
  const head = `  --${name}${mayStandAlone(name) ? `[=${value}]` : ` ${value}`}`
  const notes = [...(hasLines ? ['may be repeated'] : []), ...(byDefault === '' ? [] : [`default: ${byDefault}`])]
  return [notes.length === 0 ? head : `${head}  (${notes.join(', ')})`, ...wrap(description, 6)]
}

const width = 90

/** Breaks a text into lines that begin with `indent` spaces. */
function wrap(text: string, indent: number): readonly string[] {
  const margin = ' '.repeat(indent)
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(margin + word)
  }
  return lines
}
