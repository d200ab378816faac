/** Describes any thrown value as text. */
import { type Fact, InvalidInputsError, RemedyError } from './errors.ts'
import { errorCode, httpStatus, isErrorLike } from './thrown.ts'

/** An error as text: what happened, what to do, and its causes, outermost first. */
export interface DescribedError {
  readonly message: string
  /** The wrong inputs, one line each. */
  readonly problems: readonly string[]
  readonly remedy: string | undefined
  readonly facts: readonly Fact[]
  /** IAM policy statements to add, as JSON. People paste them, so they must be shown unchanged. */
  readonly statements: readonly string[]
  readonly causes: readonly string[]
}

export function describeError(thrown: unknown): DescribedError {
  const causes: string[] = []
  for (let cause = causeOf(thrown); cause !== undefined; cause = causeOf(cause)) causes.push(nameAndMessage(cause))
  const ours: Partial<DescribedError> =
    thrown instanceof RemedyError || thrown instanceof InvalidInputsError ? thrown : {}
  const { message = nameAndMessage(thrown), problems = [], remedy, facts = [], statements = [] } = ours
  return { message, problems, remedy, facts, statements, causes }
}

/** Renders an error as lines: message, problems, facts, `To fix:`, `The statement to add:` and `Caused by:`. */
export function renderError(thrown: unknown): string {
  const { message, problems, remedy, facts, statements, causes } = describeError(thrown)
  return [
    message,
    ...problems.map((problem) => `- ${problem}`),
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    ...(remedy === undefined ? [] : [`To fix: ${remedy}`]),
    ...statements.map((statement) => `The statement to add: ${statement}`),
    ...causes.map((cause) => `Caused by: ${cause}`),
  ].join('\n')
}

function causeOf(thrown: unknown): unknown {
  return isErrorLike(thrown) ? thrown.cause : undefined
}

function nameAndMessage(thrown: unknown): string {
  if (!isErrorLike(thrown)) {
    return typeof thrown === 'string' ? thrown : `A value that is not an error was thrown: ${typeof thrown}`
  }
  // The SDK's name for a response that it cannot read.
  if (thrown.name === 'Unknown' && httpStatus(thrown) > 0) {
    return `Unknown: a response with status ${httpStatus(thrown)} that is not in the format of AWS`
  }
  // The name of Node's network errors is `Error`; the code is more specific.
  const code = errorCode(thrown)
  const name = thrown.name === 'Error' && code !== '' ? code : thrown.name
  // Node throws an AggregateError without a message if two addresses refused the connection.
  return thrown.message === '' ? code || name : `${name}: ${thrown.message}`
}
