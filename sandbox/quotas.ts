/** How many tables an account may have, and have at work at once. */
import { limitExceeded } from './errors.ts'
import { statusOf, type TableRecord } from './table-record.ts'

const mostTables = 2500
const mostAtWork = 500
const mostAtWorkWithIndexes = 250

/** @throws {AwsError} LimitExceededException where the account cannot take another table now */
export function checkRoomForTable(records: readonly TableRecord[], now: number, hasIndexes: boolean): void {
  const atWork = records.filter((record) => ['CREATING', 'UPDATING', 'DELETING'].includes(statusOf(record, now)))
  const withIndexes = atWork.filter(
    ({ globalIndexes, localIndexes }) => globalIndexes.length > 0 || localIndexes.length > 0,
  )
  if (records.length >= mostTables) {
    throw limitExceeded(`the quota of ${mostTables} tables is used up`)
  }
  if (hasIndexes && withIndexes.length >= mostAtWorkWithIndexes) {
    throw limitExceeded(`only ${mostAtWorkWithIndexes} indexed tables can be created at once`)
  }
  if (atWork.length >= mostAtWork) {
    throw limitExceeded(`only ${mostAtWork} tables can be created, updated, or deleted simultaneously`)
  }
}
