/** States of an account that nobody thought of, for laws that hold over all of them. */
import fc from 'fast-check'
import { defineTables } from '../../src/definition/built-in.ts'
import type { Policy } from '../../src/plan/plan.ts'
import { disruptions } from '../../src/plan/policy.ts'
import type { ObservedTable, ObservedTables, ReadyTable, Replica, TableDefinition } from '../../src/table/table.ts'
import type { Environment, Target } from '../../src/table/target.ts'
import { aTarget, ready } from './builders.ts'

const tagKey = fc.oneof(
  fc.constantFrom('team', '__proto__', 'constructor', 'tenant-tables:managed-by', 'aws:reserved'),
  fc.string({ minLength: 1, maxLength: 5 }),
)
const tags = fc.array(fc.tuple(tagKey, fc.string({ maxLength: 5 })), { maxLength: 4 }).map((pairs) => new Map(pairs))
const environment: fc.Arbitrary<Environment> = fc.constantFrom(
  { name: 'dev', production: false },
  { name: 'Prod', production: true },
)
const setting = fc.constantFrom('auto', 'true', 'false' as const)

const replicas: readonly Replica[] = [
  { region: 'eu-west-1', status: 'ACTIVE' },
  { region: 'us-east-1', status: 'DELETING' },
]

export interface World {
  readonly target: Target
  readonly desired: readonly TableDefinition[]
  readonly observed: ObservedTables
  readonly policy: Policy
}

/** What somebody may have made of a table, near the definition often enough to be interesting. */
function observedFor(table: TableDefinition): fc.Arbitrary<ObservedTable> {
  const usual = <Value>(value: Value, others: fc.Arbitrary<Value>) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others })
  const key = fc.record({ name: fc.constantFrom('tenant_id', 'id'), type: fc.constantFrom('S', 'N', 'B' as const) })
  const present = fc
    .record({
      keys: usual(table.keys, fc.record({ partitionKey: key, sortKey: key })),
      billingMode: fc.constantFrom('PAY_PER_REQUEST', 'PROVISIONED' as const),
      deletionProtection: fc.boolean(),
      pointInTimeRecovery: fc.oneof(
        fc.constant({ enabled: false } as const),
        fc.record({ enabled: fc.constant(true as const), recoveryPeriodDays: fc.constantFrom(7, 35) }),
      ),
      // Most tables are ours; the others need their line of allow, which a policy has or has not.
      ownTags: usual([...table.tags], fc.subarray([...table.tags])),
      replicas: usual<readonly Replica[]>([], fc.subarray([...replicas])),
      environmentTag: usual<string | undefined>(undefined, fc.constantFrom('DEV', 'prod', 'staging')),
      otherTags: tags,
    })
    .map(({ ownTags, environmentTag, otherTags, ...state }): ReadyTable => {
      const all = new Map([...otherTags, ...ownTags])
      if (environmentTag !== undefined) all.set('tenant-tables:environment', environmentTag)
      return ready(table, { ...state, tags: all })
    })
  const unavailable = fc
    .constantFrom('DELETING', 'ARCHIVED')
    .map((tableStatus) => ({ status: 'unavailable' as const, tableStatus }))
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({ status: 'absent' } as const) },
    { weight: 12, arbitrary: present },
    { weight: 1, arbitrary: unavailable },
  )
}

export const world: fc.Arbitrary<World> = fc
  .record({
    environment,
    tableNamePrefix: fc.constantFrom('', 'x-'),
    deletionProtection: setting,
    pointInTimeRecovery: setting,
    tags,
    policy: fc.record({
      destroy: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      allow: fc.subarray([...disruptions]),
    }),
  })
  .chain(({ policy, ...request }) => {
    const desired = defineTables(request)
    return fc.tuple(...desired.map(observedFor)).map((states) => ({
      target: aTarget({ environment: request.environment }),
      desired,
      policy,
      observed: new Map(desired.map(({ name }, index) => [name, states[index] ?? { status: 'absent' }])),
    }))
  })
