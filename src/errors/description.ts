/** Anything that was thrown, in words. */
import { type Fact, InvalidInputsError, RemedyError } from './errors.ts'
import { errorCode, httpStatus, isErrorLike } from './thrown.ts'

/** An error in words: what happened, what to do, and what lay behind it, outermost first. */
export interface DescribedError {
  readonly message: string
  /** Each of several things that are wrong. */
  readonly problems: readonly string[]
  readonly remedy?: string
  readonly facts: readonly Fact[]
  /** IAM policy statements to add, as JSON: to be pasted, so they must be shown to the letter. */
  readonly statements: readonly string[]
  readonly causes: readonly string[]
}

/** Takes anything that was thrown, and never throws itself. */
export function describeError(thrown: unknown): DescribedError {
  const causes: string[] = []
  let cause = causeOf(thrown)
  // Bounded, because a cause may lead back to itself.
  while (cause !== undefined && causes.length < 5) {
    causes.push(nameAndMessage(cause))
    cause = causeOf(cause)
  }
  const { remedy, facts = [], statements = [] } = thrown instanceof RemedyError ? thrown : {}
  const problems = thrown instanceof InvalidInputsError ? thrown.problems : []
  const isOurs = thrown instanceof RemedyError || thrown instanceof InvalidInputsError
  return {
    message: isOurs ? thrown.message : nameAndMessage(thrown),
    problems,
    ...(remedy === undefined ? {} : { remedy }),
    facts,
    statements,
    causes,
  }
}

/** The described error as one text: message, problems, facts, `To fix:`, `The statement to add:` and `Caused by:` lines. */
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
    return typeof thrown === 'string' ? thrown : `Something that is no error was thrown: ${typeof thrown}`
  }
  // What the SDK calls an answer that it cannot read.
  if (thrown.name === 'Unknown' && httpStatus(thrown) > 0) {
    return `Unknown: an answer with status ${httpStatus(thrown)}, and not of AWS's form`
  }
  // Node's own network errors say more in their code than in their name.
  const code = errorCode(thrown)
  const name = thrown.name === 'Error' && code !== '' ? code : thrown.name
  // A refused connection on two addresses is an AggregateError without a message.
  return thrown.message === '' ? code || name : `${name}: ${thrown.message}`
}
