/** A control plane in this process, with a clock that the test advances. All calls name the table `users`. */
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

/** An index with the partition key of the table. */
export const globalIndex = (IndexName: string, changes: object = {}) => ({
  IndexName,
  KeySchema: users.KeySchema,
  Projection: { ProjectionType: 'ALL' },
  ...changes,
})

type Input = Readonly<Record<string, unknown>>

/** A response of the API. A test reads a member that it expects without proving that it exists, and fails if it does not. */
// biome-ignore lint/suspicious/noExplicitAny: the members of 15 operations would have to be typed for tests alone
type Response = any

export interface Emulator {
  advance(seconds: number): void
  now(): number
  call(operation: string, input?: Input): Response
  /** Returns `NAME: MESSAGE` of the error of a call. Throws if the call succeeds. */
  refusal(operation: string, input?: Input): string
  table(): Response
  update(input: Input): Response
  refusedUpdate(input: Input): string
  /** Creates the table and advances 60 seconds, after which it accepts every operation. */
  settled(changes?: Input): void
  record(): TableRecord
}

export function createEmulator(): Emulator {
  let now = Date.UTC(2026, 0, 1)
  const place = { account: '222222222222', region: 'ap-south-1', partition: 'aws' }
  const controlPlane = new ControlPlane(place, measuredTimings, () => now)
  const call: Emulator['call'] = (operation, input = name) => controlPlane.call(operation, input)
  const refusal: Emulator['refusal'] = (operation, input = name) => {
    try {
      call(operation, input)
    } catch (error) {
      if (error instanceof Error) return `${error.name}: ${error.message}`
    }
    throw new Error(`${operation} succeeded`)
  }
  const advance: Emulator['advance'] = (seconds) => {
    now += seconds * 1000
  }
  return {
    advance,
    now: () => now,
    call,
    refusal,
    table: () => call('DescribeTable').Table,
    update: (input) => call('UpdateTable', { ...name, ...input }).TableDescription,
    refusedUpdate: (input) => refusal('UpdateTable', { ...name, ...input }),
    settled: (changes = {}) => {
      call('CreateTable', { ...users, ...changes })
      advance(60)
    },
    record: () => {
      const record = controlPlane.find('users')
      if (record === undefined) throw new Error('The table "users" does not exist')
      return record
    },
  }
}
