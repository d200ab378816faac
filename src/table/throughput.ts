/** Throughput of a table and of its global indexes. */
import * as v from 'valibot'

/** Capacity units a second, of a table or an index that is provisioned. */
export interface Throughput {
  readonly ReadCapacityUnits: number
  readonly WriteCapacityUnits: number
}

const units = v.pipe(v.number(), v.integer(), v.minValue(1))

export const throughputSchema = v.strictObject({ ReadCapacityUnits: units, WriteCapacityUnits: units })
