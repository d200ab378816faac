import type { DescribeContinuousBackupsOutput } from '@aws-sdk/client-dynamodb'
import {
  describeRecovery,
  type PointInTimeRecovery,
  pointInTimeRecovery,
} from '../../../src/table/properties/point-in-time-recovery.ts'
import type { Ask } from '../../../src/table/request.ts'
import { parseValue } from '../../../src/table/response.ts'
import { comparison } from '../../support/builders.ts'

const off: PointInTimeRecovery = { PointInTimeRecoveryEnabled: false }
const onFor = (days?: number): PointInTimeRecovery => ({
  PointInTimeRecoveryEnabled: true,
  RecoveryPeriodInDays: days,
})

const changes = (from: PointInTimeRecovery, to: PointInTimeRecovery) =>
  pointInTimeRecovery.changes(from, to, comparison)

it('warns where a shorter period loses the older restore points', () => {
  const warning =
    'Point-in-time recovery of "users" reaches back 7 days instead of 35: the table can no longer be restored to a time before.'
  expect(changes(onFor(35), onFor(7))).toEqual([
    { kind: 'update', from: onFor(35), to: onFor(7), risk: 'safe', warning },
  ])
})

it.each([
  ['off', 'on, 35 days', off, onFor(35)],
  ['7 days', '35 days', onFor(7), onFor(35)],
])('changes recovery safely from %s to %s', (_, __, from, to) => {
  expect(changes(from, to)).toEqual([{ kind: 'update', from, to, risk: 'safe' }])
})

it('turns recovery off only by its line of allow, and warns that the restore window is lost', () => {
  expect(changes(onFor(35), off)).toEqual([
    {
      kind: 'update',
      from: onFor(35),
      to: off,
      risk: { allow: ['remove-point-in-time-recovery'] },
      warning:
        'Point-in-time recovery of "users" is turned off, and its restore window (on, 35 days) is lost: turned on again, the window starts empty.',
    },
  ])
})

it('does not change recovery that is off, that has the declared period, or whose period is not declared', () => {
  expect([changes(off, off), changes(onFor(7), onFor(7)), changes(onFor(7), onFor())]).toEqual([[], [], []])
})

it('describes recovery with its days where it is on', () => {
  expect([off, onFor(), onFor(7)].map(describeRecovery)).toEqual(['off', 'on', 'on, 7 days'])
})

it.each([onFor(35), off])('sends UpdateContinuousBackups with the declared value: %j', (value) => {
  expect(pointInTimeRecovery.request?.({ name: 'users', arn: 'arn' }, { from: value, to: value })).toEqual({
    operation: 'UpdateContinuousBackups',
    input: { TableName: 'users', PointInTimeRecoverySpecification: value },
  })
})

describe('reading', () => {
  const readFrom = async (answer: DescribeContinuousBackupsOutput | undefined) => {
    const { reading, schema, name } = pointInTimeRecovery
    if (reading.kind !== 'asked') throw new Error('Recovery has a call of its own')
    const value = await reading.ask((async () => answer) as Ask, { name: 'users', arn: 'arn' })
    return value === undefined ? undefined : parseValue(name, schema, value)
  }
  const answer = (PointInTimeRecoveryStatus: 'ENABLED' | 'DISABLED', RecoveryPeriodInDays?: number) => ({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED' as const,
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus, RecoveryPeriodInDays },
    },
  })

  it('takes the status of the recovery itself, not that of continuous backups, and 35 days where none are named', async () => {
    await expect(readFrom(answer('DISABLED'))).resolves.toEqual(off)
    await expect(readFrom(answer('ENABLED', 7))).resolves.toEqual(onFor(7))
    await expect(readFrom(answer('ENABLED'))).resolves.toEqual(onFor(35))
  })

  it('is undefined where the table does not exist', async () => {
    await expect(readFrom(undefined)).resolves.toBeUndefined()
  })

  it.each<[string, DescribeContinuousBackupsOutput]>([
    ['description', {}],
    ['description of recovery', { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED' } }],
    [
      'status of recovery',
      { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED', PointInTimeRecoveryDescription: {} } },
    ],
  ])('does not read an answer without a %s as recovery that is off', async (_, given) => {
    await expect(readFrom(given)).rejects.toThrow('PointInTimeRecoveryStatus is undefined')
  })
})
