/** A control plane in this process, in a time that the test moves, with the table `users`. */
import { ControlPlane } from '../../sandbox/control-plane.ts'
import { measuredTimings } from '../../sandbox/options.ts'
import type { TableRecord } from '../../sandbox/table-record.ts'

export const arn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'
export const name = { TableName: 'users' }
export const users = {
  ...name,
  AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
}
export const units = (count: number) => ({ ReadCapacityUnits: count, WriteCapacityUnits: count })
export const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) }

/** An index by the table's own partition key. */
export const globalIndex = (IndexName: string, changes: object = {}) => ({
  IndexName,
  KeySchema: users.KeySchema,
  Projection: { ProjectionType: 'ALL' },
  ...changes,
})

type Input = Readonly<Record<string, unknown>>

export interface Plane {
  /** Lets time pass. */
  seconds(count: number): void
  now(): number
  // biome-ignore lint/suspicious/noExplicitAny: answers are read as a caller of the API would
  call(operation: string, input?: Input): any
  /** The name and message of the error that the call ends with. */
  refusal(operation: string, input?: Input): string
  // biome-ignore lint/suspicious/noExplicitAny: as above
  table(): any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  update(input: Input): any
  refusedUpdate(input: Input): string
  /** Creates the table, and lets it become ACTIVE and old enough for everything. */
  settled(changes?: Input): void
  record(): TableRecord
}

export function aPlane(): Plane {
  let now = Date.UTC(2026, 0, 1)
  const place = { account: '222222222222', region: 'ap-south-1', partition: 'aws' }
  const plane = new ControlPlane(place, measuredTimings, () => now)
  const call: Plane['call'] = (operation, input = name) => plane.call(operation, input)
  const refusal: Plane['refusal'] = (operation, input = name) => {
    try {
      call(operation, input)
    } catch (error) {
      if (error instanceof Error) return `${error.name}: ${error.message}`
    }
    throw new Error(`${operation} was not refused`)
  }
  const seconds: Plane['seconds'] = (count) => {
    now += count * 1000
  }
  return {
    seconds,
    now: () => now,
    call,
    refusal,
    table: () => call('DescribeTable').Table,
    update: (input) => call('UpdateTable', { ...name, ...input }).TableDescription,
    refusedUpdate: (input) => refusal('UpdateTable', { ...name, ...input }),
    settled: (changes = {}) => {
      call('CreateTable', { ...users, ...changes })
      seconds(60)
    },
    record: () => {
      const record = plane.find('users')
      if (record === undefined) throw new Error('There is no table')
      return record
    },
  }
}
