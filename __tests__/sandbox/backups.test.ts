/** Continuous backups and point-in-time recovery. Ids are DDB-TABLE findings. */
import { aPlane, name, type Plane, users } from './plane.ts'

let plane: Plane

beforeEach(() => {
  plane = aPlane()
})

const change = (PointInTimeRecoveryEnabled: boolean, more: object = {}) => ({
  ...name,
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled, ...more },
})
const set = (enabled: boolean, more?: object) => plane.call('UpdateContinuousBackups', change(enabled, more))
const refused = (enabled: boolean, more?: object) => plane.refusal('UpdateContinuousBackups', change(enabled, more))
const shown = () => plane.call('DescribeContinuousBackups').ContinuousBackupsDescription
const recovery = () => shown().PointInTimeRecoveryDescription

it('continuous backups of a new table are not found for three seconds, then off, and recovery can be turned on two seconds after ACTIVE (111, 115)', () => {
  plane.call('CreateTable', users)
  expect(plane.refusal('DescribeContinuousBackups')).toBe('TableNotFoundException: Table not found: users')
  expect(refused(true)).toMatch(/^TableNotFoundException/)
  plane.seconds(3)
  const off = {
    ContinuousBackupsStatus: 'DISABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
  }
  expect(shown()).toEqual(off)
  plane.seconds(4)
  expect(refused(true)).toBe(
    'ContinuousBackupsUnavailableException: Backups are being enabled for the table: users. Please retry later',
  )
  plane.seconds(1)
  expect(shown()).toEqual(off)
  set(true)
  expect(shown()).toMatchObject({
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED', RecoveryPeriodInDays: 35 },
  })
})

it('continuous backups become ENABLED by themselves, while recovery stays off (083)', () => {
  plane.call('CreateTable', users)
  plane.seconds(9)
  expect(shown()).toEqual({
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
  })
})

it('UpdateContinuousBackups returns the new state at once (085)', () => {
  plane.settled()
  expect(set(true).ContinuousBackupsDescription).toEqual(shown())
  expect(recovery().PointInTimeRecoveryStatus).toBe('ENABLED')
})

it('recovery keeps its restore window while it is on, and begins a new one after it was off (085)', () => {
  plane.settled()
  set(true, { RecoveryPeriodInDays: 7 })
  const { EarliestRestorableDateTime: first } = recovery()
  plane.seconds(1000)
  set(true, { RecoveryPeriodInDays: 35 })
  expect(recovery()).toMatchObject({
    EarliestRestorableDateTime: first,
    LatestRestorableDateTime: first + 700,
  })
  set(false)
  plane.seconds(100)
  set(true)
  expect(recovery()).toMatchObject({
    EarliestRestorableDateTime: first + 1100,
    LatestRestorableDateTime: first + 1100,
  })
})

it('turning recovery off resets the period, and a period is rejected while recovery is off (084)', () => {
  plane.settled()
  set(true, { RecoveryPeriodInDays: 7 })
  expect(refused(false, { RecoveryPeriodInDays: 7 })).toBe(
    'ValidationException: Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.',
  )
  set(false)
  set(true)
  expect(recovery().RecoveryPeriodInDays).toBe(35)
})

it('continuous backups of a table that is DELETING are found, and accept recovery, for 1.1 s (453, 455)', () => {
  plane.settled()
  plane.call('DeleteTable')
  plane.seconds(1)
  set(true)
  expect(recovery().PointInTimeRecoveryStatus).toBe('ENABLED')
  plane.seconds(0.1)
  expect(plane.table().TableStatus).toBe('DELETING')
  expect(refused(true)).toBe('TableNotFoundException: Table not found: users')
  expect(plane.refusal('DescribeContinuousBackups')).toBe('TableNotFoundException: Table not found: users')
})

it('continuous backups of an archived table are not found', () => {
  plane.settled()
  plane.record().forcedStatus = 'ARCHIVED'
  expect(plane.refusal('DescribeContinuousBackups')).toMatch(/^TableNotFoundException/)
})
