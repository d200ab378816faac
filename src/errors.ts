/** Errors that say what happened and what to do. Imports nothing. */

/** A value that people compare and copy, such as an ARN or a claim of a token. It is shown to the letter. */
export interface Fact {
  readonly name: string
  readonly value: string
}

interface RemedyErrorOptions extends ErrorOptions {
  readonly facts?: readonly Fact[]
  readonly statements?: readonly string[]
}

/** A failure whose remedy is known. Keeps its cause. */
export class RemedyError extends Error {
  override readonly name: string = 'RemedyError'
  readonly remedy: string
  readonly facts: readonly Fact[]
  /** Of IAM policies, as JSON: what would have allowed what was denied. */
  readonly statements: readonly string[]

  constructor(message: string, remedy: string, { facts = [], statements = [], ...options }: RemedyErrorOptions = {}) {
    super(message, options)
    this.remedy = remedy
    this.facts = facts
    this.statements = statements
  }
}

/** Every wrong input of a run, found before anything was sent. */
export class InvalidInputsError extends Error {
  override readonly name = 'InvalidInputsError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.length === 1 ? 'An input is wrong.' : `${problems.length} inputs are wrong.`)
    this.problems = problems
  }
}

/** The run was told to stop: by the deadline, or by a signal. */
export class StoppedError extends RemedyError {
  override readonly name = 'StoppedError'
  /** Of the call that it ended. */
  readonly mayHaveBeenDone: boolean

  constructor(
    message: string,
    remedy: string,
    { mayHaveBeenDone = false, ...options }: ErrorOptions & { readonly mayHaveBeenDone?: boolean } = {},
  ) {
    super(message, remedy, options)
    this.mayHaveBeenDone = mayHaveBeenDone
  }

  /** The same, with what stood in the way when the time ran out. */
  after(cause: unknown): StoppedError {
    return new StoppedError(this.message, this.remedy, { cause, mayHaveBeenDone: this.mayHaveBeenDone })
  }

  /** The same, of a call that was sent, and nobody knows what became of it. */
  whoseCallMayHaveBeenDone(): StoppedError {
    return new StoppedError(this.message, this.remedy, { cause: this.cause, mayHaveBeenDone: true })
  }

  /**
   * The same, with what was waited for when the time ran out.
   *
   * @param remedy what to do about that, besides
   */
  whileWaitingFor(what: string, remedy?: string): StoppedError {
    return new StoppedError(
      `${this.message} It was waiting for ${what}.`,
      remedy === undefined ? this.remedy : `${this.remedy} ${remedy}`,
      { cause: this.cause, mayHaveBeenDone: this.mayHaveBeenDone },
    )
  }
}

/** For a wait that the reason to stop ended: throws the reason, with what was waited for; anything else as it is. */
export function stoppedWhileWaitingFor(what: string, remedy?: string): (reason: unknown) => never {
  return (reason) => {
    throw reason instanceof StoppedError ? reason.whileWaitingFor(what, remedy) : reason
  }
}

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

/** The name to branch on. `instanceof` breaks where two copies of a class meet in a bundle. */
export function errorName(thrown: unknown): string {
  return isErrorLike(thrown) ? thrown.name : ''
}

export function errorMessage(thrown: unknown): string {
  return isErrorLike(thrown) ? thrown.message : String(thrown)
}

/** Node's code of a network or file error, such as ECONNRESET; empty where there is none. */
export function errorCode(thrown: unknown): string {
  return isErrorLike(thrown) && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

/** The status of the answer, whoever gave it; 0 where there was none. */
export function httpStatus(error: unknown): number {
  const { httpStatusCode } = metadataOf(error)
  return typeof httpStatusCode === 'number' ? httpStatusCode : 0
}

/** What the SDK knows of the answer; empty where the error is not the SDK's. */
export function metadataOf(error: unknown): {
  readonly httpStatusCode?: unknown
  readonly clockSkewCorrected?: unknown
} {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return {}
  return typeof error.$metadata === 'object' && error.$metadata !== null ? error.$metadata : {}
}

/** Proves to the compiler that a closed union was handled to its last member. */
export function unreachable(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`)
}

/** By shape: errors of Node's own come from another realm where tests run in one. */
function isErrorLike(thrown: unknown): thrown is Error {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    'name' in thrown &&
    typeof thrown.name === 'string' &&
    'message' in thrown &&
    typeof thrown.message === 'string'
  )
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
