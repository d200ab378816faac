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
   * In milliseconds by the clock of the run. The call is not sent after this time, and is not sent again after an
   * unknown outcome.
   */
  readonly sendBefore?: number | undefined
}

export type SendCall = <Answer>(within: Run, pace: Pace, call: Call<Answer>) => Promise<Answer>

/** The SDK's credentials. Requested before each try, and with `forceRefresh` when AWS reports that they expired. */
export type Credentials = (options?: { readonly forceRefresh?: boolean }) => Promise<AwsCredentialIdentity>

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
export function callsIn(credentials: Credentials, explain: ExplainFailure): SendCall {
  const session = renewableSession(credentials)
  return async (within, pace, call) => {
    const { operation, resource, sendBefore } = call
    let isOutcomeUnknown = false
    const send = async (signal: AbortSignal) => {
      try {
        return await call.send(signal)
      } catch (error) {
        isOutcomeUnknown ||= !isRefusal(error)
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
    try {
      return await retry(
        within,
        session.renewing(attempt),
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

const expiredNames = new Set(['ExpiredTokenException', 'ExpiredToken'])

type Attempt<Answer> = (signal: AbortSignal) => Promise<Answer>

/** A session that may end early, because of a wrong clock or a revocation. */
function renewableSession(credentials: Credentials) {
  let sessions = 0
  let renewal: Promise<void> | undefined

  /** Assumes the roles again, once for all calls that failed because the session ended. */
  async function renew(session: number): Promise<void> {
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

  return {
    /** Makes the attempts of one call renew the session once. */
    renewing: <Answer>(attempt: Attempt<Answer>): Attempt<Answer> => {
      let isRenewed = false
      return async (signal) => {
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
    },
  }
}
