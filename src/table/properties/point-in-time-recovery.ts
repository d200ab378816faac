import * as v from 'valibot'
import { count } from '../../text/readable.ts'
import type { Property } from '../property.ts'
import { explainProtectionOff } from '../protection.ts'

/**
 * Without a period, DynamoDB sets 35 days when recovery is turned on. If recovery is already on, the period does not
 * change.
 */
export interface PointInTimeRecovery {
  readonly PointInTimeRecoveryEnabled: boolean
  /** 1 to 35. */
  readonly RecoveryPeriodInDays?: number | undefined
}

const longestPeriod = 35

const removal = 'remove-point-in-time-recovery'

/** Point-in-time recovery: continuous backups, and the number of days that they reach back. */
export const pointInTimeRecovery: Property<'PointInTimeRecoverySpecification', PointInTimeRecovery> = {
  name: 'PointInTimeRecoverySpecification',
  description: 'Point-in-time recovery. On with 35 days in production; elsewhere off at creation, then unmanaged.',
  schema: v.strictObject({
    PointInTimeRecoveryEnabled: v.boolean(),
    RecoveryPeriodInDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(longestPeriod))),
  }),
  reading: {
    kind: 'asked',
    when: 'always',
    ask: async (ask, { name: TableName }) => {
      const answer = await ask('DescribeContinuousBackups', { TableName })
      if (answer === undefined) return undefined
      // ContinuousBackupsStatus is ENABLED on every table: only the status of the recovery counts.
      const { PointInTimeRecoveryStatus: status, RecoveryPeriodInDays } =
        answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {}
      if (status === 'DISABLED') return { PointInTimeRecoveryEnabled: false }
      if (status !== 'ENABLED') throw new TypeError(`PointInTimeRecoveryStatus is ${status}`)
      // Endpoints older than this setting omit it, and mean DynamoDB's default.
      return { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: RecoveryPeriodInDays ?? longestPeriod }
    },
  },
  creation: { kind: 'after-creation', initial: { PointInTimeRecoveryEnabled: false } },
  changes: (from, to, { table }) => {
    if (isSame(from, to)) return []
    if (to.PointInTimeRecoveryEnabled) {
      const isShorter = daysOf(to) < (from.PointInTimeRecoveryEnabled ? daysOf(from) : 0)
      const warning = `Point-in-time recovery of "${table}" reaches back ${count(daysOf(to), 'day')} instead of ${daysOf(from)}: the table can no longer be restored to a time before.`
      return [{ kind: 'update', from, to, risk: 'safe', ...(isShorter ? { warning } : {}) }]
    }
    return [
      {
        kind: 'update',
        from,
        to,
        risk: { allow: [removal] },
        warning: `Point-in-time recovery of "${table}" is turned off, and its restore window (${describeRecovery(from)}) is lost: turned on again, the window starts empty.`,
      },
    ]
  },
  request: ({ name: TableName }, { to }) => ({
    operation: 'UpdateContinuousBackups',
    input: { TableName, PointInTimeRecoverySpecification: to },
  }),
  settings: (value) => [{ name: 'point-in-time recovery', value: describePeriod(value) }],
  // DynamoDB accepts the call while the table is UPDATING, and during every other change.
  blockedBy: () => [],
  actions: { read: ['dynamodb:DescribeContinuousBackups'], write: ['dynamodb:UpdateContinuousBackups'] },
  protection: {
    isOn: ({ PointInTimeRecoveryEnabled }) => PointInTimeRecoveryEnabled,
    inProduction: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: longestPeriod },
    off: { PointInTimeRecoveryEnabled: false },
    input: 'point-in-time-recovery',
    removal,
  },
  disruptions: [
    {
      name: removal,
      purpose: 'to turn it off',
      explain: (situation) => {
        const state = describeRecovery(situation.observed)
        const { reason, remedy } = explainProtectionOff('point-in-time-recovery', state, situation)
        return {
          reason: `${reason} Turning it off loses the restore window: turned on again, the window starts empty.`,
          remedy,
        }
      },
    },
  ],
}

function daysOf({ RecoveryPeriodInDays = longestPeriod }: PointInTimeRecovery): number {
  return RecoveryPeriodInDays
}

function isSame(from: PointInTimeRecovery, to: PointInTimeRecovery): boolean {
  if (from.PointInTimeRecoveryEnabled !== to.PointInTimeRecoveryEnabled) return false
  return (
    !to.PointInTimeRecoveryEnabled ||
    to.RecoveryPeriodInDays === undefined ||
    to.RecoveryPeriodInDays === from.RecoveryPeriodInDays
  )
}

/** `off` or `on, 35 days` */
export function describeRecovery(value: PointInTimeRecovery): string {
  const period = describePeriod(value)
  return value.PointInTimeRecoveryEnabled && period !== 'on' ? `on, ${period}` : period
}

/** `off`, `35 days`, or `on` if AWS names no period */
function describePeriod({ PointInTimeRecoveryEnabled, RecoveryPeriodInDays }: PointInTimeRecovery): string {
  if (!PointInTimeRecoveryEnabled) return 'off'
  return RecoveryPeriodInDays === undefined ? 'on' : count(RecoveryPeriodInDays, 'day')
}
