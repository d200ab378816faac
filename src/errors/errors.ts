/** The errors of a run: each says what happened and what to do next. */

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

/** Proves to the compiler that a closed union was handled to its last member. */
export function unreachable(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`)
}
