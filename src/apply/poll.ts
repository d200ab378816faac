/** Waits until a table is settled, looking often enough that little time is wasted after it is. */
import type { DynamoDb } from '../aws/dynamodb.ts'
import { type DescribedTable, describeChanges } from '../aws/dynamodb-answers.ts'
import { RemedyError, stoppedWhileWaitingFor } from '../errors/errors.ts'
import { stepKinds } from '../plan/plan.ts'
import type { Run } from '../run/run.ts'

/** How long something usually takes, and how to wait for it. All in seconds. */
export interface WaitProfile {
  /** What is being waited for, for the log and for errors. */
  readonly what: string
  readonly usual: string
  readonly firstLook: number
  /** A table that was just created is now and then not found; for so long that means nothing. */
  readonly mayBeMissing: number
  /** Without an end by then the wait fails, even if the run has time left. */
  readonly most: number
  /** Ends the wait before the table is gone. */
  readonly isOver: (table: DescribedTable) => boolean
}

const isNotChanging = ({ phase }: DescribedTable) => phase !== 'changing'

/** Times measured on AWS: a table takes 4.5 to 7 s, a first change to on-demand billing 129 to 172 s. */
export const waitForCreation: WaitProfile = {
  what: 'be created',
  usual: '5 to 7 s',
  firstLook: 3,
  mayBeMissing: 20,
  most: 600,
  isOver: isNotChanging,
}
export const waitForBillingMode: WaitProfile = {
  what: 'change its billing mode',
  usual: stepKinds['set-billing-mode'].usualDuration ?? '',
  firstLook: 1,
  mayBeMissing: 0,
  most: 1800,
  isOver: isNotChanging,
}
export const waitForDeletion: WaitProfile = {
  what: 'be gone',
  usual: '3 to 10 s',
  firstLook: 1,
  mayBeMissing: 0,
  most: 600,
  isOver: () => false,
}
/** No wait for someone else ends before the deadline of the run. */
const untilDeadline = 21_600
/** While a table is UPDATING, its values may be the old ones: a new index takes up to a minute, a billing mode three. */
export const waitForOthers: WaitProfile = {
  what: 'settle after a change',
  usual: 'seconds, and up to 3 minutes for a billing mode',
  firstLook: 1,
  mayBeMissing: 0,
  most: untilDeadline,
  isOver: isNotChanging,
}
/**
 * DynamoDB did not accept a call because someone else is changing the table.
 *
 * @param step its name
 * @param firstLook in seconds
 */
export function waitForAdmission(step: string, firstLook: number, isOver: WaitProfile['isOver']): WaitProfile {
  return {
    what: `accept ${step}: someone else is changing the table`,
    usual: 'seconds, up to 17 minutes for an index, and an hour for a replica',
    firstLook,
    mayBeMissing: 0,
    most: untilDeadline,
    isOver,
  }
}

const progressEverySeconds = 15

/**
 * Looks until the table is settled, is gone, or is in a state that no waiting mends.
 *
 * @param id of the table that is meant, where it is known
 * @returns undefined where the table does not exist
 * @throws {RemedyError} when it takes longer than the profile allows, or becomes another table
 */
export async function waitUntilSettled(
  dynamoDb: DynamoDb,
  table: string,
  profile: WaitProfile,
  run: Run,
  id?: string,
): Promise<DescribedTable | undefined> {
  const start = run.clock.now()
  const elapsed = () => (run.clock.now() - start) / 1000
  let nextProgress = progressEverySeconds
  let expectedId = id
  const lookYourself = `See in the AWS console what the table "${table}" is doing`
  const sleep = (milliseconds: number, status?: string) =>
    run.clock
      .sleep(milliseconds, run.stop)
      .catch(
        stoppedWhileWaitingFor(
          `the table "${table}" to ${profile.what}, which usually takes ${profile.usual}${status === undefined ? '' : `; it is ${status}`}`,
          `${lookYourself}, if it stays so.`,
        ),
      )
  await sleep(profile.firstLook * 1000)
  for (;;) {
    const described = await dynamoDb.describeTable(table)
    if (described === undefined) {
      if (expectedId !== undefined || elapsed() >= profile.mayBeMissing) return undefined
    } else {
      if (expectedId !== undefined && described.id !== expectedId) {
        throw new RemedyError(
          `The table "${table}" was deleted and made anew by somebody else while this run waited for it.`,
          'Find out who else works on this table, then run again.',
        )
      }
      expectedId = described.id
      if (profile.isOver(described)) return described
    }
    const status = described === undefined ? 'missing' : describeChanges(described)
    if (elapsed() >= profile.most) {
      throw new RemedyError(
        `Waited ${profile.most} s for the table "${table}" to ${profile.what}, which usually takes ${profile.usual}. It is ${status}.`,
        `${lookYourself}, then run again: the run goes on from what was reached.`,
      )
    }
    if (elapsed() >= nextProgress) {
      nextProgress = elapsed() + progressEverySeconds
      run.log.info(
        `${table}: waiting for it to ${profile.what}, ${Math.round(elapsed())} s so far (usually ${profile.usual}); it is ${status}`,
      )
    }
    await sleep(lookInterval(elapsed(), run.clock.random()), status)
  }
}

/**
 * Milliseconds until the next look: about every half second while most waits end, then ever more seldom.
 *
 * @param elapsedSeconds since the wait began
 * @param random from 0 to 1; jitter keeps side-by-side runs apart
 */
export function lookInterval(elapsedSeconds: number, random: number): number {
  if (elapsedSeconds < 20) return 300 + 300 * random
  if (elapsedSeconds < 300) return Math.min(3000, 1000 + (elapsedSeconds - 20) * 100) - 200 * random
  // Only index builds take this long.
  return 10_000 + 5000 * random
}
