/** Continuous backups and point-in-time recovery. These calls report a missing table as TableNotFoundException. */
import { AwsError, validationError } from './errors.ts'
import type { Input, OperationContext } from './parameters.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

const minutes = 60_000

export function describeContinuousBackups(context: OperationContext, record: TableRecord): Shape {
  refuseUnlessKnown(context, record)
  const now = context.now()
  const { enabled, days, since } = record.recovery
  const isEnabled = now >= record.activeAt + context.timings.backupsDisabled || since > record.createdAt
  return {
    ContinuousBackupsDescription: {
      // Independent of recovery: becomes ENABLED on every table by itself, and stays ENABLED.
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

export function updateContinuousBackups(context: OperationContext, record: TableRecord, input: Input): Shape {
  const specification = input.PointInTimeRecoverySpecification as Shape
  const enabled = specification.PointInTimeRecoveryEnabled === true
  const days = specification.RecoveryPeriodInDays
  if (!enabled && days !== undefined) {
    throw validationError('Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.')
  }
  refuseUnlessKnown(context, record)
  const now = context.now()
  if (now < record.activeAt + context.timings.backupsUnavailable) {
    throw new AwsError(
      'ContinuousBackupsUnavailableException',
      `Backups are being enabled for the table: ${record.name}. Please retry later`,
    )
  }
  record.recovery = {
    enabled,
    days: Number(days ?? 35),
    // Disabling and enabling starts a new restore window.
    since: enabled && record.recovery.enabled ? record.recovery.since : now,
  }
  return describeContinuousBackups(context, record)
}

export function backupsNotFound(name: string): AwsError {
  return new AwsError('TableNotFoundException', `Table not found: ${name}`)
}

function refuseUnlessKnown({ timings, now }: OperationContext, record: TableRecord): void {
  const status = statusOf(record, now())
  const isTooYoung = now() < record.createdAt + timings.backupsMissing
  const isForgotten = record.deletedAt !== undefined && now() >= record.deletedAt + timings.backupsForgotten
  if (isTooYoung || isForgotten || status === 'ARCHIVED') throw backupsNotFound(record.name)
}
