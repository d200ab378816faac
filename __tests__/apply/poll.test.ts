import {
  lookInterval,
  type WaitProfile,
  waitForBillingMode,
  waitForCreation,
  waitForDeletion,
  waitForOthers,
  waitUntilSettled,
} from '../../src/apply/poll.ts'
import type { DescribedTable } from '../../src/aws/dynamodb-answers.ts'
import { aTable, ready } from '../support/builders.ts'
import { aRun, describedFrom, modelDynamoDb } from '../support/fakes.ts'

const settled = describedFrom(ready(aTable()))
const creating: DescribedTable = { ...settled, tableStatus: 'CREATING', phase: 'changing' }

/** A table that is seen like this, look after look; the last one stays. */
function seen(...looks: readonly (DescribedTable | undefined)[]) {
  let count = 0
  const dynamoDb = {
    ...modelDynamoDb().dynamoDb,
    describeTable: async () => looks[Math.min(count++, looks.length - 1)],
  }
  return { dynamoDb, looks: () => count }
}

it('looks at a new table after 3 s, and then about every half second', async () => {
  const run = aRun()
  const { dynamoDb, looks } = seen(creating, creating, settled)
  await expect(waitUntilSettled(dynamoDb, 'users', waitForCreation, run)).resolves.toEqual(settled)
  expect(looks()).toBe(3)
  expect(run.clock.sleeps).toEqual([3000, 450, 450])
})

it('looks twice a second for 20 s, then more and more seldom, and every 10 to 15 s after five minutes', () => {
  expect([0, 19.9].map((seconds) => lookInterval(seconds, 0))).toEqual([300, 300])
  expect(lookInterval(5, 1)).toBe(600)
  expect([20, 30, 100].map((seconds) => lookInterval(seconds, 0))).toEqual([1000, 2000, 3000])
  expect([lookInterval(300, 0), lookInterval(300, 1)]).toEqual([10_000, 15_000])
  expect([lookInterval(299.9, 0), lookInterval(299.9, 1)]).toEqual([3000, 2800])
})

it('has for each kind of wait a first look, a time to be missing in, and an end', () => {
  const times = ({ firstLook, mayBeMissing, most }: WaitProfile) => [firstLook, mayBeMissing, most]
  expect([waitForCreation, waitForBillingMode, waitForDeletion, waitForOthers].map(times)).toEqual([
    [3, 20, 600],
    [1, 0, 1800],
    [1, 0, 600],
    [1, 0, 21_600],
  ])
})

it('gives up at the first look after its time, and says so of a table that never came', async () => {
  const profile: WaitProfile = {
    what: 'come',
    usual: '1 s',
    firstLook: 1,
    mayBeMissing: 100,
    most: 2,
    isOver: () => true,
  }
  const run = aRun()
  const { dynamoDb, looks } = seen(undefined)
  const began = run.clock.now()
  await expect(waitUntilSettled(dynamoDb, 'users', profile, run)).rejects.toMatchObject({
    message: 'Waited 2 s for the table "users" to come, which usually takes 1 s. It is missing.',
  })
  expect([looks(), run.clock.now() - began]).toEqual([4, 2350])
})

it('takes a table without an id for the same one, look after look', async () => {
  const { id: _, ...nameless } = creating
  const { dynamoDb } = seen(nameless, nameless, settled)
  await expect(waitUntilSettled(dynamoDb, 'users', waitForCreation, aRun())).resolves.toEqual(settled)
})

it('does not take a young table for gone when it is not found for a moment', async () => {
  const { dynamoDb } = seen(undefined, undefined, settled)
  await expect(waitUntilSettled(dynamoDb, 'users', waitForCreation, aRun())).resolves.toEqual(settled)
})

it('says that a table is gone: at once when it was there before, and after 20 s when it never came', async () => {
  const gone = seen(creating, undefined, settled)
  await expect(waitUntilSettled(gone.dynamoDb, 'users', waitForCreation, aRun())).resolves.toBeUndefined()
  const updated = seen(undefined, settled)
  await expect(waitUntilSettled(updated.dynamoDb, 'users', waitForBillingMode, aRun())).resolves.toBeUndefined()
  const never = seen(undefined)
  await expect(waitUntilSettled(never.dynamoDb, 'users', waitForCreation, aRun())).resolves.toBeUndefined()
  expect(never.looks()).toBeGreaterThan(15)
})

it('hands back a table in a state that no waiting mends', async () => {
  const archived: DescribedTable = { ...settled, tableStatus: 'ARCHIVED', phase: 'unavailable' }
  const { dynamoDb } = seen(creating, archived)
  await expect(waitUntilSettled(dynamoDb, 'users', waitForCreation, aRun())).resolves.toEqual(archived)
})

it('fails when somebody puts another table in its place', async () => {
  const { dynamoDb } = seen(creating, { ...creating, id: 'another' })
  await expect(waitUntilSettled(dynamoDb, 'users', waitForCreation, aRun())).rejects.toThrow('deleted and made anew')
})

it('prints how long it has waited and how long that usually takes, and gives up in the end', async () => {
  const run = aRun()
  const { dynamoDb } = seen(creating)
  await expect(waitUntilSettled(dynamoDb, 'users', waitForCreation, run)).rejects.toMatchObject({
    message: 'Waited 600 s for the table "users" to be created, which usually takes 5 to 7 s. It is CREATING.',
    remedy: expect.stringMatching(/what the table "users" is doing, then run again/),
  })
  const told = run.lines.map((line) => Number(/, (\d+) s so far \(usually 5 to 7 s\); it is CREATING$/.exec(line)?.[1]))
  expect(told[0]).toBe(15)
  expect(Math.min(...told.slice(1).map((seconds, index) => seconds - (told[index] ?? 0)))).toBeGreaterThanOrEqual(15)
  expect(told.at(-1)).toBeGreaterThan(580)
})
