/** Quotas of an account and region: its tables, and those that are created, updated or deleted at once. */
import { limitExceeded } from './errors.ts'
import { statusOf, type TableRecord } from './table-record.ts'

const maximumTables = 2500
const maximumAtWork = 500
const maximumAtWorkWithIndexes = 250

/** @throws {AwsError} LimitExceededException if another table exceeds a quota */
export function checkTableQuotas(records: readonly TableRecord[], now: number, hasIndexes: boolean): void {
  const atWork = records.filter((record) => ['CREATING', 'UPDATING', 'DELETING'].includes(statusOf(record, now)))
  const withIndexes = atWork.filter(
    ({ globalIndexes, localIndexes }) => globalIndexes.length > 0 || localIndexes.length > 0,
  )
  if (records.length >= maximumTables) {
    throw limitExceeded(`the quota of ${maximumTables} tables is used up`)
  }
  if (hasIndexes && withIndexes.length >= maximumAtWorkWithIndexes) {
    throw limitExceeded(`only ${maximumAtWorkWithIndexes} indexed tables can be created at once`)
  }
  if (atWork.length >= maximumAtWork) {
    throw limitExceeded(`only ${maximumAtWork} tables can be created, updated, or deleted simultaneously`)
  }
}
