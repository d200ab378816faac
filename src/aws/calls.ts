/** Sends calls to a service within the pace, the retries and the session of a run. */
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError, StoppedError } from '../errors/errors.ts'
import { errorName } from '../errors/thrown.ts'
import type { Run } from '../run/run.ts'
import { isRefusal, StaleReadError } from './dynamodb-errors.ts'
import type { Pace } from './pace.ts'
import { retry } from './retry.ts'

/** One operation on one table or key. */
export interface Call<Answer> {
  readonly operation: string
  /** The name of the table or key, or its ARN. */
  readonly resource: string
  /** Sends one try. */
  readonly send: (signal: AbortSignal) => Promise<Answer>
  /**
   * In milliseconds by the clock of the run, for a write that relies on a read of its table. The call is not sent after
   * this time, nor again after an unknown outcome: the table must be read first.
   */
  readonly sendBefore?: number | undefined
  /** Called after each try that may have taken effect without a response. */
  readonly onUnknownOutcome?: (() => void) | undefined
}

/** The SDK's credentials. Requested before each try, and with `forceRefresh` when AWS reports that they expired. */
export type Credentials = (options?: { readonly forceRefresh?: boolean }) => Promise<AwsCredentialIdentity>

const expiredNames = new Set(['ExpiredTokenException', 'ExpiredToken'])

/**
 * Makes the error of a call that failed for good.
 *
 * @param isOutcomeUnknown true if this try, or an earlier one of the same call, may have taken effect
 */
export type ExplainFailure = (
  call: Pick<Call<unknown>, 'operation' | 'resource'>,
  cause: unknown,
  isOutcomeUnknown: boolean,
) => RemedyError

/** @returns a function that throws the explained error of a call that fails, or the StoppedError of the run */
export function callsIn(credentials: Credentials, explain: ExplainFailure) {
  let sessions = 0
  let renewal: Promise<void> | undefined

  /** Assumes the roles again, once for all calls that failed because the session ended. */
  const renew = async (session: number) => {
    if (session !== sessions) return
    renewal ??= credentials({ forceRefresh: true })
      .then(() => {
        sessions += 1
      })
      .finally(() => {
        renewal = undefined
      })
    await renewal
  }

  return async <Answer>(within: Run, pace: Pace, call: Call<Answer>): Promise<Answer> => {
    const { operation, resource, sendBefore } = call
    let isOutcomeUnknown = false
    let isRenewed = false
    const send = async (signal: AbortSignal) => {
      try {
        return await call.send(signal)
      } catch (error) {
        if (!isRefusal(error)) {
          isOutcomeUnknown = true
          call.onUnknownOutcome?.()
        }
        throw error
      }
    }
    const attempt = (signal: AbortSignal) =>
      pace(signal, async () => {
        // The SDK would renew the credentials during `send`. That takes time, so it is done before the age of the read
        // is checked.
        await credentials()
        within.stop.throwIfAborted()
        if (sendBefore !== undefined && within.clock.now() > sendBefore) throw new StaleReadError(operation, resource)
        return await send(signal)
      })
    /** A session may end early, because of a wrong clock or a revocation. Each call renews it once. */
    const attemptInSession = async (signal: AbortSignal) => {
      const session = sessions
      try {
        return await attempt(signal)
      } catch (error) {
        if (isRenewed || !expiredNames.has(errorName(error))) throw error
        isRenewed = true
        await renew(session)
        return await attempt(signal)
      }
    }
    try {
      return await retry(
        within,
        attemptInSession,
        () => `${operation} on "${resource}"`,
        // The table is read before a write with an unknown outcome is sent again.
        sendBefore === undefined ? undefined : (kind, at) => kind !== 'unavailable' && at <= sendBefore,
      )
    } catch (error) {
      if (error instanceof StoppedError) throw isOutcomeUnknown ? error.withUnknownOutcome() : error
      // The error of a renewal that failed has its remedy.
      if (error instanceof RemedyError && !isOutcomeUnknown) throw error
      throw explain(call, error, isOutcomeUnknown)
    }
  }
}
