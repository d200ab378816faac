/** Continuous backups and point-in-time recovery: an own store, with a name of its own for a table that is missing. */
import { AwsError, validationError } from './errors.ts'
import type { Circumstances, Input } from './parameters.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

const minutes = 60_000

export function describeContinuousBackups(plane: Circumstances, record: TableRecord): Shape {
  refuseUnlessKnown(plane, record)
  const now = plane.now()
  const { enabled, days, since } = record.recovery
  const isEnabled = now >= record.activeAt + plane.timings.backupsDisabled || since > record.createdAt
  return {
    ContinuousBackupsDescription: {
      // Says nothing of recovery: it becomes ENABLED on every table by itself, and stays so.
      ContinuousBackupsStatus: isEnabled ? 'ENABLED' : 'DISABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: enabled ? 'ENABLED' : 'DISABLED',
        ...(enabled
          ? {
              RecoveryPeriodInDays: days,
              EarliestRestorableDateTime: since / 1000,
              LatestRestorableDateTime: Math.max(since, now - 5 * minutes) / 1000,
            }
          : {}),
      },
    },
  }
}

export function updateContinuousBackups(plane: Circumstances, record: TableRecord, input: Input): Shape {
  const specification = input.PointInTimeRecoverySpecification as Shape
  const enabled = specification.PointInTimeRecoveryEnabled === true
  const days = specification.RecoveryPeriodInDays
  if (!enabled && days !== undefined) {
    throw validationError('Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.')
  }
  refuseUnlessKnown(plane, record)
  const now = plane.now()
  if (now < record.activeAt + plane.timings.backupsUnavailable) {
    throw new AwsError(
      'ContinuousBackupsUnavailableException',
      `Backups are being enabled for the table: ${record.name}. Please retry later`,
    )
  }
  record.recovery = {
    enabled,
    days: Number(days ?? 35),
    // Off and on again begins a new restore window.
    since: enabled && record.recovery.enabled ? record.recovery.since : now,
  }
  return describeContinuousBackups(plane, record)
}

export function backupsNotFound(name: string): AwsError {
  return new AwsError('TableNotFoundException', `Table not found: ${name}`)
}

function refuseUnlessKnown({ timings, now }: Circumstances, record: TableRecord): void {
  const status = statusOf(record, now())
  const isTooYoung = now() < record.createdAt + timings.backupsMissing
  const isForgotten = record.deletedAt !== undefined && now() >= record.deletedAt + timings.backupsForgotten
  if (isTooYoung || isForgotten || status === 'ARCHIVED') throw backupsNotFound(record.name)
}
