/** Inputs that the workflow gives and this action does not have: a misspelt one must not be ignored. Pure. */
import { quote, visible } from '../text/readable.ts'

export interface UnknownInputs {
  /** One for each input that was probably meant to be one of ours. */
  readonly problems: readonly string[]
  /** One that names all the others, or none. */
  readonly warnings: readonly string[]
}

/** What people write instead, after other actions and tools; to what they should write. Not what the edit distance finds. */
export const commonGuesses: ReadonlyMap<string, string> = new Map([
  ...guesses('command: plan', ['dry-run', 'dryrun', 'plan', 'plan-only', 'check', 'check-only', 'noop', 'what-if']),
  ...guesses('environment', ['env', 'env-name', 'environment-name']),
  ...guesses('production-environments', ['production-environment', 'prod-environments', 'protected-environments']),
  ...guesses('production', ['is-production', 'is-prod', 'prod', 'prod-env', 'production-env']),
  ...guesses('aws-region', ['region', 'aws-default-region', 'region-name']),
  ...guesses('role-to-assume', [
    ...[
      'role',
      'roles',
      'role-arn',
      'role-arns',
      'role-name',
      'iam-role',
      'iam-role-arn',
      'assume-role',
      'assume-role-arn',
    ],
    ...['aws-role', 'aws-role-arn', 'aws-role-to-assume', 'aws-assume-role', 'aws-iam-role'],
  ]),
  ...guesses('role-external-id', ['external-id', 'aws-external-id', 'aws-role-external-id']),
  ...guesses('role-source-identity', ['source-identity']),
  ...guesses('role-session-tags', ['session-tags']),
  ...guesses('role-session-name', ['session-name', 'aws-session-name', 'aws-role-session-name']),
  ...guesses('role-duration-seconds', [
    ...['role-duration', 'session-duration', 'duration-seconds', 'role-session-duration', 'aws-role-duration-seconds'],
  ]),
  ...guesses('allowed-account-ids', [
    ...[
      'account-id',
      'account-ids',
      'aws-account-id',
      'aws-account-ids',
      'allowed-accounts',
      'allowed-aws-account-ids',
    ],
  ]),
  ...guesses('table-name-prefix', ['prefix', 'table-prefix', 'tables-prefix', 'name-prefix', 'table-names-prefix']),
  ...guesses('deletion-protection', [
    ...['protection', 'deletion-protection-enabled', 'delete-protection', 'enable-deletion-protection'],
  ]),
  ...guesses('point-in-time-recovery', ['point-in-time-recovery-enabled', 'enable-point-in-time-recovery', 'pitr']),
  ...guesses('tags', ['tag', 'table-tags', 'resource-tags']),
  ...guesses('timeout-seconds', ['timeout', 'timeout-minutes', 'timeout-in-seconds']),
  ...guesses('expected-plan', ['reviewed-plan', 'approved-plan', 'expected-plan-file']),
  ...guesses('expected-plan-digest', ['plan-digest']),
  ...guesses('fail-on-drift', ['detect-drift', 'drift', 'fail-on-changes']),
  ...guesses('comment', ['pr-comment', 'pull-request-comment', 'comment-on-pr']),
  ...guesses('github-token', ['gh-token']),
  ...guesses('confirm-destroy', ['confirm', 'confirm-delete', 'confirm-deletion']),
])

function guesses(meant: string, written: readonly string[]): readonly (readonly [string, string])[] {
  return written.map((name) => [name, meant])
}

/**
 * Finds the inputs that are given, but not among the known ones. An empty input counts as not given.
 *
 * @param variables the environment: the runner passes an input on as `INPUT_` and its name in upper case
 * @param known the inputs of this action
 */
export function findUnknownInputs(variables: Variables, known: readonly string[]): UnknownInputs {
  const unknown = givenInputs(variables)
    .filter(({ name }) => !known.includes(name))
    .filter((input) => !isSecondSpelling(input, variables, known))
    .map((input) => ({ ...input, suggestion: suggestFor(input.name, known) ?? suggestByValue(input, variables) }))
  const others = unknown.filter(({ suggestion }) => suggestion === undefined)
  return {
    problems: unknown.flatMap(({ suggestion, ...input }) =>
      suggestion === undefined ? [] : [explainMisspelt(input, suggestion)],
    ),
    warnings: others.length === 0 ? [] : [explainIgnored(others)],
  }
}

type Variables = Readonly<Record<string, string | undefined>>

interface GivenInput {
  readonly name: string
  readonly variable: string
}

const prefix = 'INPUT_'

/** By name, so that the same inputs give the same text. */
function givenInputs(variables: Variables): readonly GivenInput[] {
  return Object.keys(variables)
    .filter((variable) => variable.startsWith(prefix) && trimmedValue(variable, variables) !== '')
    .sort()
    .map((variable) => ({ name: variable.slice(prefix.length).toLowerCase(), variable }))
}

function trimmedValue(variable: string, variables: Variables): string {
  return variables[variable]?.trim() ?? ''
}

/** Some runners replace hyphens by underscores; one that passes an input on in both spellings loses nothing. */
function isSecondSpelling({ name, variable }: GivenInput, variables: Variables, known: readonly string[]): boolean {
  const first = `${prefix}${hyphenated(name).toUpperCase()}`
  return known.includes(hyphenated(name)) && trimmedValue(variable, variables) === trimmedValue(first, variables)
}

function hyphenated(name: string): string {
  return name.replaceAll('_', '-')
}

/** What was probably meant; undefined for a name that resembles none of ours. */
function suggestFor(name: string, known: readonly string[]): string | undefined {
  const written = hyphenated(name)
  return (
    commonGuesses.get(written) ??
    known
      .map((each) => ({ each, distance: editDistance(written, each, toleranceOf(each)) }))
      .filter(({ each, distance }) => distance <= toleranceOf(each))
      .sort((left, right) => left.distance - right.distance)[0]?.each
  )
}

/** `mode: plan` and its like: a run that was to write nothing must not write. */
function suggestByValue({ variable }: GivenInput, variables: Variables): string | undefined {
  return trimmedValue(variable, variables).toLowerCase() === 'plan' ? 'command: plan' : undefined
}

function explainMisspelt({ name, variable }: GivenInput, suggestion: string): string {
  return `${visible(name)} is not an input of this action. Did you mean ${suggestion}? If it is not meant for this action, set ${visible(variable)} to an empty text in the env of this step.`
}

const mostNames = 20

function explainIgnored(inputs: readonly GivenInput[]): string {
  const more = inputs.length > mostNames ? ` and ${inputs.length - mostNames} more` : ''
  const names = inputs.slice(0, mostNames).map(({ name }) => quote(name))
  return `The action does not have these inputs and ignores them: ${names.join(', ')}${more}.`
}

/** How many edits still make a misspelling of it: short names are close to names that mean something else. */
function toleranceOf({ length }: string): number {
  if (length < 5) return 0
  if (length < 8) return 1
  return length < 16 ? 2 : 3
}

/**
 * The number of letters to insert, delete, replace, or swap with their neighbour (optimal string alignment distance).
 *
 * @returns Infinity where the lengths alone differ by more than `most`
 */
function editDistance(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return Number.POSITIVE_INFINITY
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const at = (distances: readonly number[], index: number) => distances[index] ?? 0
      const isSame = left[row - 1] === right[column - 1]
      const isSwapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        ...(isSwapped ? [at(beforeLast, column - 2) + 1] : []),
      )
    }
    beforeLast = last
    last = current
  }
  return last[right.length] ?? 0
}
