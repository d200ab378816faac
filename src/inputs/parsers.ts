/** Parsers that any input can be declared with. */
import type { Definition } from '../definition/definition.ts'
import type { Variables } from '../run/variables.ts'
import { quote } from '../text/readable.ts'

/** The arguments of a parser besides the text. */
export interface ParserContext {
  readonly name: string
  /** The environment variables of the step. */
  readonly variables: Variables
  /** Undefined if the definition file has problems. */
  readonly definition: Definition | undefined
  /** Adds a problem with this input, such as `must be ..., but is ...`; the reader puts the input's name before it. */
  readonly report: (problem: string) => void
}

/** An input: its default, its form on the command line, and its parser. */
export interface InputDeclaration<Value> {
  /** The text that an empty input stands for, which action.yml repeats. */
  readonly default: string
  /** The legal values, which action.yml describes one by one. */
  readonly choices?: readonly string[]
  /** The value may have several lines: on the command line, the flag may be repeated. */
  readonly hasLines?: true
  /** The value is true or false: on the command line, the flag alone means true. */
  readonly isSwitch?: true
  /**
   * Parses a text without white space around it.
   *
   * @returns any value if a problem was reported: the reader drops it
   */
  readonly parse: (text: string, context: ParserContext) => Value
}

export function choice<const Choice extends string>(
  choices: readonly Choice[],
  byDefault: NoInfer<Choice>,
): InputDeclaration<Choice> {
  return {
    default: byDefault,
    choices,
    parse: (text, { report }) => {
      const found = choices.find((each) => each === text)
      if (found === undefined) report(`must be one of ${choices.join(', ')}, but is ${quote(text)}.`)
      return found ?? byDefault
    },
  }
}

/** `true` or `false`, by default false. */
export function trueOrFalse(byDefault: 'true' | 'false' = 'false'): InputDeclaration<boolean> {
  const { parse } = choice(['true', 'false'], byDefault)
  return { default: byDefault, isSwitch: true, parse: (text, context) => parse(text, context) === 'true' }
}

export function wholeNumber({
  default: byDefault,
  min,
  max,
}: Readonly<Record<'default' | 'min' | 'max', number>>): InputDeclaration<number> {
  return {
    default: `${byDefault}`,
    parse: (text, { report }) => {
      const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
      if (!(number >= min && number <= max)) {
        report(`must be a whole number from ${min} to ${max}, but is ${quote(text)}.`)
      }
      return number
    },
  }
}

/**
 * One value, or an empty text.
 *
 * @param must the rule in words, such as `must have 2 to 64 letters and nothing else`
 * @param isSecret true: a problem does not show the value
 */
export function textOf(pattern: RegExp, must: string, { isSecret = false } = {}): InputDeclaration<string> {
  return {
    default: '',
    parse: (text, { report }) => {
      if (text !== '' && !pattern.test(text)) report(isSecret ? `${must}.` : `${must}, but is ${quote(text)}.`)
      return text
    },
  }
}

/** The rule for each of several values. */
interface Rule<Value> {
  /** In words, such as `must have account ids of 12 digits`. */
  readonly must: string
  /** Returns undefined for a value that breaks the rule. */
  readonly parse: (value: string) => Value | undefined
}

/** One value a line. */
export function lines<Value>(rule: Rule<Value>): InputDeclaration<readonly Value[]> {
  return { default: '', hasLines: true, parse: (text, context) => parseEach(splitLines(text), rule, context) }
}

/** Values between commas or on separate lines. */
export function list<Value>(rule: Rule<Value>): InputDeclaration<readonly Value[]> {
  const split = (text: string) => splitLines(text.replaceAll(',', '\n'))
  return { default: '', hasLines: true, parse: (text, context) => parseEach(split(text), rule, context) }
}

function parseEach<Value>(
  values: readonly string[],
  { must, parse }: Rule<Value>,
  { name, report }: ParserContext,
): readonly Value[] {
  return values.flatMap((value) => {
    const parsed = parse(value)
    if (parsed === undefined) report(`${must}, but has ${quote(value)}.${explainJoinedLines(name, [value])}`)
    return parsed ?? []
  })
}

/** Empty lines are skipped. */
export function splitLines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** Returns the end of a problem if a value seems to be several values on one line; else an empty text. */
export function explainJoinedLines(name: string, values: readonly string[]): string {
  return values.some((value) => /\S[\s,]+\S/.test(value)) ? ` ${explainLiteralForm(name)}` : ''
}

/** YAML keeps the lines of a value after `|` only. It joins lines after `>`, and lines without a mark. */
export function explainLiteralForm(name: string): string {
  return `Write "${name}: |" and each value on a line of its own; without "|" YAML joins the lines into one.`
}
