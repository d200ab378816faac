/** Random states of an account, for laws that hold over all of them. */
import fc from 'fast-check'
import { builtInDefinition } from '../../src/definition/built-in.ts'
import { defineTables } from '../../src/definition/definition.ts'
import type { Policy } from '../../src/plan/plan.ts'
import { disruptionNames } from '../../src/plan/policy.ts'
import type { GlobalIndex, GlobalIndexes } from '../../src/table/properties/global-secondary-indexes.ts'
import { type PropertyName, properties } from '../../src/table/properties/index.ts'
import { streamSpecification } from '../../src/table/properties/stream-specification.ts'
import { tableClass } from '../../src/table/properties/table-class.ts'
import {
  environmentTag,
  managedByTag,
  sortTags,
  type Tags,
  tags as tagsProperty,
} from '../../src/table/properties/tags.ts'
import { timeToLive } from '../../src/table/properties/time-to-live.ts'
import type { Property } from '../../src/table/property.ts'
import type { ObservedTable, ObservedTables, Replica, TableDefinition, TableValues } from '../../src/table/table.ts'
import type { Environment, Target } from '../../src/table/target.ts'
import { aTarget, define, globalIndex, initialValues, ready } from './builders.ts'
import { valuesOf } from './schema-values.ts'

export interface World {
  readonly target: Target
  readonly desired: readonly TableDefinition[]
  /** The same definitions, made from tags in another order. */
  readonly reordered: readonly TableDefinition[]
  readonly observed: ObservedTables
  readonly policy: Policy
}

/** The value, and sometimes one of the others. */
function often<Value>(weight: number, value: Value, others: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others })
}

const knownTag = fc.record({
  Key: fc.constantFrom('team', '__proto__', 'constructor', managedByTag, 'aws:reserved'),
  Value: fc.string({ maxLength: 5 }),
})

/** One value for each key. */
const tags = fc
  .tuple(valuesOf(tagsProperty.schema), fc.array(knownTag, { maxLength: 4 }))
  .map(([any, known]) => new Map([...any.slice(0, 4), ...known].map(({ Key, Value }) => [Key, Value])))

const environment: fc.Arbitrary<Environment> = fc.constantFrom(
  { name: 'dev', production: false },
  { name: 'Prod', production: true },
)
const setting = fc.constantFrom('auto', 'true', 'false' as const)

const replicas: readonly Replica[] = [
  { region: 'eu-west-1', status: 'ACTIVE' },
  { region: 'us-east-1', status: 'DELETING' },
]

/** Global indexes whose keys have one type for each attribute. */
const [byDate, byEmail, byRole] = [globalIndex('created_at', {}, 'N'), globalIndex('email'), globalIndex('role')]

/** Some of the global indexes, each as declared or with another projection, which takes a rebuild. No local ones. */
function indexValues(rebuilds: number) {
  const one = (index: GlobalIndex): fc.Arbitrary<GlobalIndexes> =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 3, arbitrary: fc.constant([index]) },
      { weight: rebuilds, arbitrary: fc.constant([{ ...index, Projection: { ProjectionType: 'ALL' } as const }]) },
    )
  return {
    GlobalSecondaryIndexes: fc.tuple(one(byDate), one(byEmail), one(byRole)).map((indexes) => indexes.flat()),
    LocalSecondaryIndexes: fc.constant([]),
  }
}

/** Values of properties that the built-in tables do not declare, each present or absent. They contradict no others. */
const otherValues: fc.Arbitrary<Partial<TableValues>> = fc.record(
  {
    ...indexValues(0),
    StreamSpecification: valuesOf(streamSpecification.schema),
    TableClass: valuesOf(tableClass.schema),
    TimeToLiveSpecification: valuesOf(timeToLive.schema),
  },
  { requiredKeys: [] },
)

/** The declared value or a new table's, or any other. A key that differs makes every other change impossible. */
function observedValue(
  { name, schema, reading, request }: Property<PropertyName>,
  { properties: declared }: TableDefinition,
) {
  const value = declared[name] ?? initialValues[name]
  const isRead = reading.kind === 'described' || reading.when === 'always' || declared[name] !== undefined
  return isRead ? often<unknown>(request === undefined ? 8 : 1, value, valuesOf(schema)) : fc.constant(undefined)
}

/** Most tables carry the tags of this action; the others need a line of `allow`, which a policy has or lacks. */
function observedTags(declared: Tags): fc.Arbitrary<Tags> {
  const otherEnvironment = fc.constantFrom('DEV', 'prod', 'staging').map((Value) => [{ Key: environmentTag, Value }])
  return fc
    .tuple(tags, often<Tags>(4, declared, fc.subarray([...declared])), often<Tags>(4, [], otherEnvironment))
    .map(([others, own, other]) => {
      const all = new Map([...others, ...[...own, ...other].map(({ Key, Value }) => [Key, Value] as const)])
      return sortTags([...all].map(([Key, Value]) => ({ Key, Value })))
    })
}

/** States of a table, often near its definition. */
function observedFor(table: TableDefinition): fc.Arbitrary<ObservedTable> {
  const values = {
    ...Object.fromEntries(properties.map((property) => [property.name, observedValue(property, table)])),
    ...indexValues(1),
  }
  const present = fc
    .record({
      values: fc.record({ ...values, Tags: observedTags(table.properties.Tags) }),
      replicas: often<readonly Replica[]>(4, [], fc.subarray([...replicas])),
    })
    .map((state) => ready(table, { ...state.values, replicas: state.replicas }))
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
    request: fc.record({
      environment,
      tableNamePrefix: fc.constantFrom('', 'x-'),
      deletionProtection: setting,
      pointInTimeRecovery: setting,
      tags,
    }),
    others: otherValues,
    policy: fc.record({ destroy: often(9, false, fc.constant(true)), allow: fc.subarray([...disruptionNames]) }),
  })
  .chain(({ policy, request, others }) => {
    const definitions = (given: typeof request) =>
      defineTables(builtInDefinition, given).map((table) => define(table, others))
    const desired = definitions(request)
    return fc.tuple(...desired.map(observedFor)).map((states) => ({
      target: aTarget({ environment: request.environment }),
      desired,
      reordered: definitions({ ...request, tags: new Map([...request.tags].reverse()) }),
      policy,
      observed: new Map(desired.map(({ name }, index) => [name, states[index] ?? { status: 'absent' }])),
    }))
  })
