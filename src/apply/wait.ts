/** Waits for changes of a table to complete. */
import { RemedyError } from '../errors/errors.ts'
import { declaredWait, partOf } from '../plan/description.ts'
import type { Step } from '../plan/plan.ts'
import { longestRunSeconds } from '../run/run.ts'
import { type DescribedTable, describeStatus } from '../table/described-table.ts'
import { indexBuild } from '../table/properties/global-secondary-indexes.ts'
import type { Wait } from '../table/property.ts'
import { addressOf } from '../table/target.ts'
import { describeTable } from './observe.ts'
import { poll } from './poll.ts'
import type { Work } from './work.ts'

export interface TableWait extends Omit<Wait, 'appliesTo' | 'part'> {
  /**
   * In seconds. For this time DynamoDB may not find a table that was just created, so the answer "not found" is
   * ignored.
   */
  readonly mayBeMissing?: number
  /** Returns true when the wait is over. Called only while the table exists. */
  readonly isOver: (table: DescribedTable) => boolean
}

function isNotChanging({ phase }: DescribedTable): boolean {
  return phase !== 'changing'
}

/** @param only the name of the index or replica that counts; undefined if every one does */
function isInProgress({ changesInProgress }: DescribedTable, wanted: Wait['part'], only?: string): boolean {
  return changesInProgress.some(({ part, name }) => part === wanted && (only === undefined || name === only))
}

/** Measured on AWS: a table takes 4.5 to 7 s, with indexes 14 to 22 s. */
const creation: TableWait = {
  goal: 'be created',
  usual: '5 to 7 s, with indexes up to 22 s',
  firstPoll: 3,
  mayBeMissing: 20,
  timeout: 600,
  isOver: isNotChanging,
}

/** The first poll finds a deletion complete, which takes 3 to 6 s. */
const indexChanges = { ...indexBuild, firstPoll: 5 }

/** Returns the wait for builds that an earlier run or this one began. */
export function builds(names: readonly string[]): TableWait {
  return {
    ...indexChanges,
    goal: `build its index ${names.join(' and its index ')}`,
    isOver: (table) => isNotChanging(table) && !names.some((name) => isInProgress(table, 'index', name)),
  }
}

/**
 * Returns the wait for the index changes before which DynamoDB does not accept a step.
 *
 * @param name of the step
 * @param isOver true when the step need not wait any longer, for another reason
 */
export function indexesBefore(name: string, isOver: TableWait['isOver'] = () => false): TableWait {
  return {
    ...indexChanges,
    goal: `complete its index changes before ${name}`,
    isOver: (table) => isOver(table) || (isNotChanging(table) && !isInProgress(table, 'index')),
  }
}

export const deletion: TableWait = {
  goal: 'be deleted',
  usual: '3 to 10 s',
  firstPoll: 1,
  timeout: 600,
  isOver: () => false,
}

/**
 * Returns the wait for DynamoDB to accept a step that it refused because someone else is changing the table.
 *
 * @param name of the step
 * @param firstPoll in seconds
 */
export function admission(name: string, firstPoll: number, isOver: TableWait['isOver']): TableWait {
  return {
    goal: `accept ${name}: someone else is changing the table`,
    usual: 'seconds, up to 17 minutes for an index, and an hour for a replica',
    firstPoll,
    timeout: longestRunSeconds,
    isOver,
  }
}

/** The wait that completes a step, if it needs one. */
export function completionOf(step: Step): TableWait | undefined {
  switch (step.kind) {
    case 'create':
      return creation
    case 'delete':
      return deletion
    case 'update': {
      const wait = declaredWait(step)
      if (wait === undefined) return undefined
      const only = partOf(step)
      return {
        ...wait,
        goal: [wait.goal, only].filter(Boolean).join(' '),
        isOver: (table) => isNotChanging(table) && !isInProgress(table, wait.part, only),
      }
    }
  }
}

/**
 * Polls DescribeTable until the wait is over or the table is gone.
 *
 * @param id the id of the expected table, if it is known
 * @returns undefined if the table does not exist
 * @throws {RemedyError} when it takes too long, or when the table was replaced by another one of its name
 */
export async function waitForTable(
  { dynamoDb, target, run }: Pick<Work, 'dynamoDb' | 'target' | 'run'>,
  name: string,
  { goal, usual, firstPoll, interval, timeout, mayBeMissing = 0, isOver }: TableWait,
  id?: string,
): Promise<DescribedTable | undefined> {
  const address = addressOf(target, name)
  const start = run.clock.now()
  const advice = `Check in the AWS console what the table "${name}" is doing`
  let expectedId = id
  return await poll(
    {
      goal: `the table "${name}" to ${goal}`,
      usual,
      firstPoll,
      interval,
      timeout,
      remedy: `${advice}, if it stays so.`,
      explainTimeout: (status) =>
        new RemedyError(
          `Waited ${timeout} s for the table "${name}" to ${goal}, which usually takes ${usual}. It is ${status}.`,
          `${advice}, then run again: the run continues from there.`,
        ),
    },
    run,
    async () => {
      const described = await describeTable(dynamoDb, address)
      if (described === undefined) {
        const isGone = expectedId !== undefined || run.clock.now() - start >= mayBeMissing * 1000
        return isGone ? { done: undefined } : { status: 'missing' }
      }
      if (expectedId !== undefined && described.id !== expectedId) throw tableReplaced(name)
      expectedId = described.id
      return isOver(described) ? { done: described } : { status: describeStatus(described) }
    },
  )
}

export function tableReplaced(table: string): RemedyError {
  return new RemedyError(
    `The table "${table}" was deleted and created again by someone else during this run. The plan was for the old table.`,
    'Find out who else works on this table, then run again: the run reads the new table and plans for it.',
  )
}
