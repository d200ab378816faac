/** Time to live: what is asked for is checked before the pause that must lie between two changes. */
import { refuseWithoutKey } from './encryption.ts'
import { notFound, validationError } from './errors.ts'
import { inUse } from './jobs.ts'
import type { Circumstances, Input } from './parameters.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

export function describeTimeToLive({ timings, now }: Circumstances, record: TableRecord): Shape {
  const status = statusOf(record, now())
  if (status === 'CREATING' || status === 'DELETING') {
    throw validationError(
      `Cannot describe time to live while table is in ${status} state: Current table state is ${status}`,
    )
  }
  const { enabled, attribute, changedAt = Number.NEGATIVE_INFINITY } = record.timeToLive
  const isSettled = now() >= changedAt + timings.timeToLiveSettling
  return {
    TimeToLiveDescription: {
      TimeToLiveStatus: isSettled ? (enabled ? 'ENABLED' : 'DISABLED') : enabled ? 'ENABLING' : 'DISABLING',
      // Once it is off, the attribute is forgotten.
      ...(enabled || !isSettled ? { AttributeName: attribute } : {}),
    },
  }
}

/** Accepted by a table that is being deleted, too. */
export function updateTimeToLive({ timings, now }: Circumstances, record: TableRecord, input: Input): Shape {
  if (statusOf(record, now()) === 'CREATING') {
    throw now() < record.createdAt + timings.timeToLiveMissing
      ? notFound(`Table: ${record.name} not found`)
      : inUse(record, `Table ${record.name} is being created`)
  }
  refuseWithoutKey(record, now())
  const { Enabled, AttributeName } = input.TimeToLiveSpecification as Shape
  const { enabled, attribute, changedAt = Number.NEGATIVE_INFINITY } = record.timeToLive
  if (enabled && AttributeName !== attribute) {
    throw validationError(`TimeToLive is active on a different AttributeName: current AttributeName is ${attribute}`)
  }
  if (Enabled === enabled) throw validationError(`TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`)
  if (now() < changedAt + timings.timeToLiveCooldown) {
    throw validationError('Time to live has been modified multiple times within a fixed interval')
  }
  record.timeToLive = { enabled: Enabled === true, attribute: String(AttributeName), changedAt: now() }
  return { TimeToLiveSpecification: { Enabled, AttributeName } }
}
