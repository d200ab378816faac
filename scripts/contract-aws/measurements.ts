/**
 * Measures how long AWS takes for what the sandbox imitates with `measuredTimings`. Each duration begins with the response
 * to a write, and ends with the response of the first request that shows its effect.
 */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  type TableDescription,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import type { Timings } from '../../sandbox/options.ts'
import type { Clock } from '../../src/run/run.ts'
import type { RunMark } from './run-tables.ts'

/** Each measured duration, by its name in the sandbox, in the order of the report. */
export const measured = {
  creating: 'a table without indexes, from CreateTable to ACTIVE',
  creatingWithIndexes: 'a table with two global indexes, from CreateTable until all are ACTIVE',
  tagsUnreadable: 'from CreateTable until ListTagsOfResource finds the table',
  backupsMissing: 'from CreateTable until DescribeContinuousBackups finds the table',
  backupsUnavailable: 'from ACTIVE until UpdateContinuousBackups is accepted',
  tagsLag: 'from TagResource until ListTagsOfResource shows the tag',
  tagsLock: 'from TagResource until another TagResource is accepted',
  deletionProtectionCooldown: 'from a change of deletion protection until the next one is accepted',
  deleting: 'from DeleteTable until DescribeTable does not find the table',
  billingModeUpdating: 'the first change from provisioned to on demand',
  provisionedUpdating: 'a change from on demand to provisioned',
  indexAllocating: 'an index added to an empty table: until the table is ACTIVE again',
  indexCreating: 'an index added to an empty table: until the index is ACTIVE',
} as const satisfies Partial<Record<keyof Timings, string>>

export type MeasuredName = keyof typeof measured

export interface Measurements {
  /** In milliseconds. A name without a value was not measured. */
  readonly durations: ReadonlyMap<MeasuredName, readonly number[]>
  readonly problems: readonly string[]
}

export interface MeasuringPorts {
  /** A client that does not repeat requests: what is measured is when AWS accepts one. */
  readonly client: DynamoDBClient
  readonly mark: RunMark
  readonly clock: Clock
  /** Ends every wait. */
  readonly stop: AbortSignal
}

/** How many tables the short durations are measured on. */
export const samples = 3

/** The time between two requests, which is the precision of a duration. */
export const pollMilliseconds = 500

/** The same for what takes minutes. */
export const slowPollMilliseconds = 2000

const longestSeconds = 1800

/** Errors by which AWS says that a request is too early, or that there were too many. */
const passing = [
  'ContinuousBackupsUnavailableException',
  'LimitExceededException',
  'ResourceInUseException',
  'ResourceNotFoundException',
  'TableNotFoundException',
  'ThrottlingException',
]

/** Creates the tables and measures them. Deletes one of them: the caller deletes the others. */
export async function measureDurations(ports: MeasuringPorts): Promise<Measurements> {
  const durations = new Map<MeasuredName, number[]>()
  const keep = (name: MeasuredName, milliseconds: number) =>
    void durations.set(name, [...(durations.get(name) ?? []), milliseconds])
  const parts: Readonly<Record<string, () => Promise<void>>> = {
    'tables without indexes': async () => {
      for (let sample = 1; sample <= samples; sample += 1) {
        await measureLife(new MeasuredTable(ports, `measured-${sample}`), keep)
      }
    },
    'a table with indexes': () => measureCreationWithIndexes(new MeasuredTable(ports, 'measured-with-indexes'), keep),
    'billing modes': () =>
      measureBillingModes(new MeasuredTable(ports, 'measured-billing', slowPollMilliseconds), keep),
    'a later index': () =>
      measureLaterIndex(new MeasuredTable(ports, 'measured-later-index', slowPollMilliseconds), keep),
  }
  const results = await Promise.allSettled(Object.values(parts).map((part) => part()))
  const problems = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${Object.keys(parts)[index]}: ${result.reason}`] : [],
  )
  return { durations, problems }
}

type Keep = (name: MeasuredName, milliseconds: number) => void

const index = (name: string) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: name, KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'KEYS_ONLY' as const },
})
const attribute = (name: string) => ({ AttributeName: name, AttributeType: 'S' as const })

async function measureLife(table: MeasuredTable, keep: Keep): Promise<void> {
  const created = await table.create()
  const [active] = await Promise.all([
    table.whenActive(),
    table.whenAccepted(() => table.readTags()).then((at) => keep('tagsUnreadable', at - created)),
    table.whenAccepted(() => table.readRecovery()).then((at) => keep('backupsMissing', at - created)),
  ])
  keep('creating', active - created)
  keep('backupsUnavailable', (await table.whenAccepted(() => table.enableRecovery())) - active)

  let tagged = await table.whenAccepted(() => table.addTag('first'))
  keep('tagsLag', (await table.when(async () => (await table.readTags()).includes('first'))) - tagged)
  tagged = await table.whenAccepted(() => table.addTag('second'))
  keep('tagsLock', (await table.whenAccepted(() => table.addTag('third'))) - tagged)

  const protectedAt = await table.whenAccepted(() => table.protect(true))
  const unprotectedAt = await table.whenAccepted(() => table.protect(false))
  keep('deletionProtectionCooldown', unprotectedAt - protectedAt)

  const deleted = await table.whenAccepted(() => table.delete())
  keep('deleting', (await table.when(async () => (await table.describe()) === undefined)) - deleted)
}

async function measureCreationWithIndexes(table: MeasuredTable, keep: Keep): Promise<void> {
  const created = await table.create({
    AttributeDefinitions: [attribute('id'), attribute('one'), attribute('two')],
    GlobalSecondaryIndexes: [index('one'), index('two')],
  })
  keep('creatingWithIndexes', (await table.whenActive()) - created)
}

async function measureBillingModes(table: MeasuredTable, keep: Keep): Promise<void> {
  const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
  await table.create({ BillingMode: 'PROVISIONED', ProvisionedThroughput })
  await table.whenActive()
  const toOnDemand = await table.whenAccepted(() => table.update({ BillingMode: 'PAY_PER_REQUEST' }))
  keep('billingModeUpdating', (await table.whenActive()) - toOnDemand)
  const toProvisioned = await table.whenAccepted(() =>
    table.update({ BillingMode: 'PROVISIONED', ProvisionedThroughput }),
  )
  keep('provisionedUpdating', (await table.whenActive()) - toProvisioned)
}

async function measureLaterIndex(table: MeasuredTable, keep: Keep): Promise<void> {
  await table.create()
  await table.whenActive()
  const begun = await table.whenAccepted(() =>
    table.update({
      AttributeDefinitions: [attribute('id'), attribute('one')],
      GlobalSecondaryIndexUpdates: [{ Create: index('one') }],
    }),
  )
  const [allocated, active] = await Promise.all([
    table.when(async () => (await table.describe())?.TableStatus === 'ACTIVE'),
    table.whenActive(),
  ])
  keep('indexAllocating', allocated - begun)
  keep('indexCreating', active - begun)
}

/** One table, and the times at which AWS accepts or shows something about it, by the clock. */
class MeasuredTable {
  readonly #ports: MeasuringPorts
  readonly #name: string
  readonly #poll: number
  #arn = ''

  constructor(ports: MeasuringPorts, name: string, poll = pollMilliseconds) {
    this.#ports = ports
    this.#name = `${ports.mark.prefix}${name}`
    this.#poll = poll
  }

  /** @returns the time of the response */
  async create(changes: Partial<CreateTableCommandInput> = {}): Promise<number> {
    const input: CreateTableCommandInput = {
      TableName: this.#name,
      AttributeDefinitions: [attribute('id')],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      Tags: [this.#ports.mark.tag],
      ...changes,
    }
    return await this.whenAccepted(async () => {
      const { TableDescription } = await this.#ports.client.send(new CreateTableCommand(input))
      this.#arn = TableDescription?.TableArn ?? ''
    })
  }

  /** Repeats a request until AWS accepts it. */
  async whenAccepted(request: () => Promise<unknown>): Promise<number> {
    return await this.when(async () => {
      await request()
      return true
    })
  }

  /** Repeats a read until it shows a condition. An error that passes means that it does not. */
  async when(condition: () => Promise<boolean>): Promise<number> {
    const { clock, stop } = this.#ports
    const start = clock.now()
    for (;;) {
      let passed = ''
      const isMet = await condition().catch((error: Error) => {
        if (!passing.includes(error.name)) throw error
        passed = String(error)
        return false
      })
      if (isMet) return clock.now()
      if (clock.now() - start > longestSeconds * 1000) {
        throw new Error(`${this.#name}: nothing changed in ${longestSeconds} seconds. ${passed}`)
      }
      await clock.sleep(this.#poll, stop)
    }
  }

  async whenActive(): Promise<number> {
    return await this.when(async () => {
      const { TableStatus, GlobalSecondaryIndexes = [] } = (await this.describe()) ?? {}
      return [TableStatus, ...GlobalSecondaryIndexes.map(({ IndexStatus }) => IndexStatus)].every(
        (status) => status === 'ACTIVE',
      )
    })
  }

  async describe(): Promise<TableDescription | undefined> {
    try {
      return (await this.#ports.client.send(new DescribeTableCommand({ TableName: this.#name }))).Table
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  async update(changes: Omit<ConstructorParameters<typeof UpdateTableCommand>[0], 'TableName'>): Promise<void> {
    await this.#ports.client.send(new UpdateTableCommand({ TableName: this.#name, ...changes }))
  }

  async protect(DeletionProtectionEnabled: boolean): Promise<void> {
    await this.update({ DeletionProtectionEnabled })
  }

  /** @returns the keys */
  async readTags(): Promise<readonly (string | undefined)[]> {
    const { Tags = [] } = await this.#ports.client.send(new ListTagsOfResourceCommand({ ResourceArn: this.#arn }))
    return Tags.map(({ Key }) => Key)
  }

  async addTag(Key: string): Promise<void> {
    await this.#ports.client.send(new TagResourceCommand({ ResourceArn: this.#arn, Tags: [{ Key, Value: '' }] }))
  }

  async readRecovery(): Promise<void> {
    await this.#ports.client.send(new DescribeContinuousBackupsCommand({ TableName: this.#name }))
  }

  async enableRecovery(): Promise<void> {
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
    await this.#ports.client.send(
      new UpdateContinuousBackupsCommand({ TableName: this.#name, PointInTimeRecoverySpecification }),
    )
  }

  async delete(): Promise<void> {
    await this.#ports.client.send(new DeleteTableCommand({ TableName: this.#name }))
  }
}
