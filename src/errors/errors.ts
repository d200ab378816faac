/** The errors of a run. Each names what happened and what to do next. */
import { count } from '../text/readable.ts'

/** A value that people compare and copy, such as an ARN or a claim of a token. It is shown unchanged. */
export interface Fact {
  readonly name: string
  readonly value: string
}

interface RemedyErrorOptions extends ErrorOptions {
  readonly facts?: readonly Fact[]
  readonly statements?: readonly string[]
  readonly isOutcomeUnknown?: boolean
}

/** A failure with a known remedy. Keeps its cause. */
export class RemedyError extends Error {
  override readonly name: string = 'RemedyError'
  readonly remedy: string
  readonly facts: readonly Fact[]
  /** IAM policy statements, as JSON, that would have allowed the denied call. */
  readonly statements: readonly string[]
  /** The failed write may have taken effect: it was sent, and no refusal came back. */
  readonly isOutcomeUnknown: boolean

  constructor(
    message: string,
    remedy: string,
    { facts = [], statements = [], isOutcomeUnknown = false, ...options }: RemedyErrorOptions = {},
  ) {
    super(message, options)
    this.remedy = remedy
    this.facts = facts
    this.statements = statements
    this.isOutcomeUnknown = isOutcomeUnknown
  }
}

/** Reports whether the write that threw `error` may have taken effect. Unexpected errors count as "outcome unknown". */
export function isOutcomeUnknown(error: unknown): boolean {
  return !(error instanceof RemedyError) || error.isOutcomeUnknown
}

/** All wrong inputs of a run. They are found before the first request. */
export class InvalidInputsError extends Error {
  override readonly name = 'InvalidInputsError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The inputs have ${count(problems.length, 'problem')}.`)
    this.problems = problems
  }
}

/** The reason to stop a run: its deadline, or SIGINT or SIGTERM. */
export class StoppedError extends RemedyError {
  override readonly name = 'StoppedError'

  /** Returns a copy whose cause is the last failure before the stop. */
  after(cause: unknown): StoppedError {
    return this.#copy({ cause })
  }

  /** Makes a copy for a write that was sent and has no response. */
  withUnknownOutcome(): StoppedError {
    return this.#copy({ isOutcomeUnknown: true })
  }

  /**
   * Makes a copy that also names what the run was waiting for when it had to stop.
   *
   * @param remedy an additional remedy, for that wait
   */
  whileWaitingFor(what: string, remedy?: string): StoppedError {
    const remedies = remedy === undefined ? this.remedy : `${this.remedy} ${remedy}`
    return this.#copy({ message: `${this.message} It was waiting for ${what}.`, remedy: remedies })
  }

  #copy(changes: Partial<Pick<StoppedError, 'message' | 'remedy' | 'cause' | 'isOutcomeUnknown'>>): StoppedError {
    const { message, remedy, cause, isOutcomeUnknown } = this
    const copied = { message, remedy, cause, isOutcomeUnknown, ...changes }
    return new StoppedError(copied.message, copied.remedy, copied)
  }
}

/**
 * Makes the error of a wait that ended with the run: a StoppedError that names the wait; any other reason unchanged.
 *
 * @param waitingFor completes the sentence `It was waiting for ...`
 * @param more the last failure before the stop, and an additional remedy
 */
export function stoppedBy(
  reason: unknown,
  waitingFor: string,
  { cause, remedy }: { readonly cause?: unknown; readonly remedy?: string | undefined } = {},
): unknown {
  if (!(reason instanceof StoppedError)) return reason
  // The error of a call that was stopped before it was sent is the reason itself, so it is not added as a cause.
  const stopped = cause === undefined || cause === reason ? reason : reason.after(cause)
  return stopped.whileWaitingFor(waitingFor, remedy)
}
