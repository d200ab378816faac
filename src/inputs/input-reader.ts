/** Reads single inputs in the forms that they may have, and gathers what is wrong with them. Pure. */
import { quote } from '../text/readable.ts'

/** Every input of the action, in the order of action.yml. */
export const inputNames = [
  'command',
  'environment',
  'production-environments',
  'production',
  'aws-region',
  'role-to-assume',
  'credential-source',
  'role-external-id',
  'role-source-identity',
  'role-session-tags',
  'restrict-session',
  'role-duration-seconds',
  'role-session-name',
  'audience',
  'allowed-account-ids',
  'table-name-prefix',
  'deletion-protection',
  'point-in-time-recovery',
  'tags',
  'timeout-seconds',
  'allow',
  'expected-plan',
  'expected-plan-digest',
  'fail-on-drift',
  'comment',
  'github-token',
  'sample-items',
  'destroy',
  'confirm-destroy',
] as const

export type InputName = (typeof inputNames)[number]

/** Reads single inputs, and gathers what is wrong with them instead of stopping at the first. */
export class InputReader {
  readonly #input: (name: string) => string
  readonly #problems: string[]
  readonly #wrong = new Set<string>()

  constructor(input: (name: string) => string, problems: string[]) {
    this.#input = input
    this.#problems = problems
  }

  problem(name: string, message: string): void {
    this.#wrong.add(name)
    this.#problems.push(message)
  }

  /** Whether something was wrong with this input, so that nothing can be concluded from it. */
  isWrong(name: string): boolean {
    return this.#wrong.has(name)
  }

  text(name: InputName): string {
    return this.#input(name).trim()
  }

  /** One value a line; empty lines are passed over. */
  lines(name: InputName): readonly string[] {
    return this.#input(name)
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
  }

  /** Values between commas or on lines of their own. */
  list(name: InputName): readonly string[] {
    return this.lines(name)
      .flatMap((line) => line.split(','))
      .map((value) => value.trim())
      .filter((value) => value !== '')
  }

  choice<Choice extends string>(name: InputName, choices: readonly Choice[], byDefault: Choice): Choice {
    const value = this.text(name)
    if (value === '') return byDefault
    const found = choices.find((choice) => choice === value)
    if (found === undefined) this.problem(name, `${name} must be one of ${choices.join(', ')}, but is ${quote(value)}.`)
    return found ?? byDefault
  }

  wholeNumber(name: InputName, byDefault: number, least: number, most: number): number {
    const value = this.text(name)
    if (value === '') return byDefault
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) {
      this.problem(name, `${name} must be a whole number from ${least} to ${most}, but is ${quote(value)}.`)
    }
    return number
  }
}

/** Follows a problem where one of the values seems to be several that stand on one line. */
export function explainLines(name: InputName, values: readonly string[]): string {
  return values.some((value) => /\S[\s,]+\S/.test(value)) ? ` ${literalForm(name)}` : ''
}

/** YAML keeps the lines of a value after `|` only: it joins those after `>`, and those of a value without a mark. */
export function literalForm(name: InputName): string {
  return `Write "${name}: |" and each value on a line of its own; without "|" YAML joins the lines into one.`
}
