/** DescribeContinuousBackups and UpdateContinuousBackups. */
import { createEmulator, type Emulator, name, users } from './emulator.ts'

let emulator: Emulator

beforeEach(() => {
  emulator = createEmulator()
})

const change = (PointInTimeRecoveryEnabled: boolean, more: object = {}) => ({
  ...name,
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled, ...more },
})
const set = (enabled: boolean, more?: object) => emulator.call('UpdateContinuousBackups', change(enabled, more))
const refused = (enabled: boolean, more?: object) => emulator.refusal('UpdateContinuousBackups', change(enabled, more))
const shown = () => emulator.call('DescribeContinuousBackups').ContinuousBackupsDescription
const recovery = () => shown().PointInTimeRecoveryDescription

it('a new table has no continuous backups for three seconds, then DISABLED ones, and accepts recovery two seconds after ACTIVE (111, 115)', () => {
  emulator.call('CreateTable', users)
  expect(emulator.refusal('DescribeContinuousBackups')).toBe('TableNotFoundException: Table not found: users')
  expect(refused(true)).toMatch(/^TableNotFoundException/)
  emulator.advance(3)
  const off = {
    ContinuousBackupsStatus: 'DISABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
  }
  expect(shown()).toEqual(off)
  emulator.advance(4)
  expect(refused(true)).toBe(
    'ContinuousBackupsUnavailableException: Backups are being enabled for the table: users. Please retry later',
  )
  emulator.advance(1)
  expect(shown()).toEqual(off)
  set(true)
  expect(shown()).toMatchObject({
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED', RecoveryPeriodInDays: 35 },
  })
})

it('continuous backups become ENABLED by themselves, and recovery stays DISABLED (083)', () => {
  emulator.call('CreateTable', users)
  emulator.advance(9)
  expect(shown()).toEqual({
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
  })
})

it('UpdateContinuousBackups returns the new state at once (085)', () => {
  emulator.settled()
  expect(set(true).ContinuousBackupsDescription).toEqual(shown())
  expect(recovery().PointInTimeRecoveryStatus).toBe('ENABLED')
})

it('enabling recovery again keeps the restore window, and enabling it after disabling starts a new one (085)', () => {
  emulator.settled()
  set(true, { RecoveryPeriodInDays: 7 })
  const { EarliestRestorableDateTime: first } = recovery()
  emulator.advance(1000)
  set(true, { RecoveryPeriodInDays: 35 })
  expect(recovery()).toMatchObject({
    EarliestRestorableDateTime: first,
    LatestRestorableDateTime: first + 700,
  })
  set(false)
  emulator.advance(100)
  set(true)
  expect(recovery()).toMatchObject({
    EarliestRestorableDateTime: first + 1100,
    LatestRestorableDateTime: first + 1100,
  })
})

it('disabling recovery resets the period, and rejects a period in the request (084)', () => {
  emulator.settled()
  set(true, { RecoveryPeriodInDays: 7 })
  expect(refused(false, { RecoveryPeriodInDays: 7 })).toBe(
    'ValidationException: Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.',
  )
  set(false)
  set(true)
  expect(recovery().RecoveryPeriodInDays).toBe(35)
})

it('a table that is DELETING shows continuous backups and accepts recovery for 1.1 seconds (453, 455)', () => {
  emulator.settled()
  emulator.call('DeleteTable')
  emulator.advance(1)
  set(true)
  expect(recovery().PointInTimeRecoveryStatus).toBe('ENABLED')
  emulator.advance(0.1)
  expect(emulator.table().TableStatus).toBe('DELETING')
  expect(refused(true)).toBe('TableNotFoundException: Table not found: users')
  expect(emulator.refusal('DescribeContinuousBackups')).toBe('TableNotFoundException: Table not found: users')
})

it('DescribeContinuousBackups does not find a table that is ARCHIVED', () => {
  emulator.settled()
  emulator.record().forcedStatus = 'ARCHIVED'
  expect(emulator.refusal('DescribeContinuousBackups')).toMatch(/^TableNotFoundException/)
})
