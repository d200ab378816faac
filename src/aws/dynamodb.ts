/** The port to DynamoDB: our vocabulary on this side, AWS's on the other. It alone loads DynamoDB's SDK, and late. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError, StoppedError } from '../errors/errors.ts'
import { errorName } from '../errors/thrown.ts'
import type { TagChange } from '../plan/diff.ts'
import type { Run } from '../run/run.ts'
import type { BillingMode, Keys, PointInTimeRecovery, Tags } from '../table/table.ts'
import type { Connections } from './connections.ts'
import { type DescribedTable, readDescription, readRecovery, readTagPage } from './dynamodb-answers.ts'
import { DynamoDbError, isRefusal, StaleLookError, unsentRemedy } from './dynamodb-errors.ts'
import type * as Sdk from './dynamodb-sdk.ts'
import { type Call, type ItemStore, itemStore } from './item-store.ts'
import { adaptivePace, type Pace } from './pace.ts'
import { retry } from './retry.ts'

export interface TableToCreate {
  readonly table: string
  readonly keys: Keys
  readonly billingMode: BillingMode
  readonly deletionProtection: boolean
  readonly tags: readonly TagChange[]
}

/**
 * Every method is one call, tried again where that helps. Writes return when DynamoDB has taken them, not when they are
 * done.
 *
 * What changes a table that is there relies on a look at it, so it takes `sendBefore`: after that time, in milliseconds by
 * the run's clock, it is not sent, but throws StaleLookError; nor is it sent again after that, or when it may have been
 * done. Before that somebody must look what table it would hit.
 */
export interface DynamoDb {
  /** undefined where the table does not exist. This read alone decides absence. */
  readonly describeTable: (table: string) => Promise<DescribedTable | undefined>
  /** undefined where the table does not exist, or is too young. */
  readonly describeRecovery: (table: string) => Promise<PointInTimeRecovery | undefined>
  /** All pages. undefined where the table does not exist, or is too young. */
  readonly listTags: (arn: string) => Promise<Tags | undefined>
  readonly createTable: (table: TableToCreate) => Promise<void>
  readonly setDeletionProtection: (table: string, enabled: boolean, sendBefore: number) => Promise<void>
  readonly setBillingMode: (table: string, billingMode: 'PAY_PER_REQUEST', sendBefore: number) => Promise<void>
  readonly setRecovery: (table: string, recovery: PointInTimeRecovery, sendBefore: number) => Promise<void>
  readonly tagTable: (arn: string, tags: readonly TagChange[], sendBefore: number) => Promise<void>
  readonly deleteTable: (table: string, sendBefore: number) => Promise<void>
  /** Items, by calls that end when this run does: what is put away may outlast the run that wrote it. */
  readonly itemsWithin: (run: Run) => ItemStore
}

/** At once, over as many connections: DynamoDB limits some reads by connection. */
const mostReads = 50

/** At once. Of ten creations, deletions or tag writes at once in one account three to five are throttled. */
const mostWrites = 5

/**
 * Makes the port, once the credentials are known; called when they run out as well.
 *
 * @param arnOf the ARN that a table must have
 */
export type ConnectDynamoDb = (
  credentials: () => Promise<AwsCredentialIdentity>,
  arnOf: (table: string) => string,
) => DynamoDb

/**
 * Loads the SDK and opens connections while the run waits for its first answer, so that neither costs time of its own.
 *
 * @param count of connections: as many as the run begins with
 */
export async function loadDynamoDb(
  { clientOptions, waiting, openEarly }: Pick<Connections, 'clientOptions' | 'waiting' | 'openEarly'>,
  count: number,
  run: Run,
): Promise<ConnectDynamoDb> {
  await waiting
  const sdk = await import(/* webpackChunkName: "dynamodb" */ './dynamodb-sdk.ts')
  let walkChain: () => Promise<AwsCredentialIdentity>
  const client = new sdk.DynamoDBClient({
    ...clientOptions,
    credentials: () => walkChain(),
    // Without this, calls that name an ARN would go to a host of their own, and need a connection of their own.
    accountIdEndpointMode: 'disabled',
  })
  openEarly(await endpointOf(client, sdk).catch(explainEndpoint), count)
  return (credentials, arnOf) => {
    walkChain = credentials
    return connect(sdk, client, run, arnOf)
  }
}

/** Where the client's calls go. It would ask for credentials, whose account could be in the host; ours never is. */
async function endpointOf(client: DynamoDBClient, { DescribeTableCommand }: typeof Sdk): Promise<URL> {
  const credentials = async () => ({ accessKeyId: '', secretAccessKey: '' })
  const config = { ...client.config, credentials }
  return (await getEndpointFromInstructions({ TableName: 'any' }, DescribeTableCommand, config)).url
}

/** As of a custom endpoint and a region that the SDK does not put together. */
function explainEndpoint(cause: unknown): never {
  throw new RemedyError('The AWS SDK found no endpoint of DynamoDB.', unsentRemedy, { cause })
}

function connect(sdk: typeof Sdk, client: DynamoDBClient, run: Run, arnOf: (table: string) => string): DynamoDb {
  const [reads, writes] = [adaptivePace(mostReads), adaptivePace(mostWrites)]
  const read: Call = (operation, resource, send) => callWithin(run, reads, operation, resource, send)
  const create: Call = (operation, resource, send) => callWithin(run, writes, operation, resource, send)
  const change = (
    operation: string,
    resource: string,
    sendBefore: number,
    send: (abortSignal: AbortSignal) => Promise<unknown>,
  ) => callWithin(run, writes, operation, resource, send, sendBefore)

  let sessions = 0
  let renewal: Promise<void> | undefined

  /**
   * Walks the chain again, for all calls at once: of those that were under way when the session ended, the last one finds
   * out when the new session is there already.
   *
   * @param session that the call was signed with
   */
  async function renewSession(session: number): Promise<void> {
    if (session !== sessions) return
    renewal ??= client.config
      .credentials({ forceRefresh: true })
      .then(() => {
        sessions += 1
      })
      .finally(() => {
        renewal = undefined
      })
    await renewal
  }

  /** One operation on one table, by its name or ARN. */
  async function callWithin<Answer>(
    within: Run,
    pace: Pace,
    operation: string,
    resource: string,
    send: (signal: AbortSignal) => Promise<Answer>,
    sendBefore?: number,
  ): Promise<Answer> {
    let renewed = false
    let isOutcomeUnknown = false
    let session = sessions
    const attempt = (signal: AbortSignal) =>
      pace(signal, async () => {
        // What the SDK would wait for itself, when the session is about to end. To wait for it, or for a turn, takes time.
        await client.config.credentials()
        within.stop.throwIfAborted()
        if (sendBefore !== undefined && run.clock.now() > sendBefore) throw new StaleLookError(operation, resource)
        session = sessions
        try {
          return await send(signal)
        } catch (error) {
          isOutcomeUnknown ||= !isRefusal(error)
          throw error
        }
      })
    try {
      return await retry(
        within,
        async (signal) => {
          try {
            return await attempt(signal)
          } catch (error) {
            if (renewed || !expiredNames.has(errorName(error))) throw error
            // The session ended early (a clock that is off, a revoked session): walk the chain again, once.
            renewed = true
            await renewSession(session)
            return await attempt(signal)
          }
        },
        () => `${operation} on "${resource}"`,
        // A change that may have been done is looked for first.
        sendBefore === undefined ? undefined : (kind, at) => kind !== 'unavailable' && at <= sendBefore,
      )
    } catch (error) {
      if (error instanceof StoppedError) throw isOutcomeUnknown ? error.withUnknownOutcome() : error
      // A remedy is known already when the credentials could not be renewed.
      if (error instanceof RemedyError && !isOutcomeUnknown) throw error
      throw new DynamoDbError(
        operation,
        resource,
        error,
        isOutcomeUnknown,
        resource.startsWith('arn:') ? resource : arnOf(resource),
      )
    }
  }

  return {
    describeTable: async (table) => {
      const description = await unless(
        ['ResourceNotFoundException'],
        read('DescribeTable', table, (abortSignal) =>
          client.send(new sdk.DescribeTableCommand({ TableName: table }), { abortSignal }),
        ),
      )
      return description === undefined ? undefined : readDescription(table, arnOf(table), description)
    },
    describeRecovery: async (table) => {
      const answer = await unless(
        ['TableNotFoundException', 'ResourceNotFoundException'],
        read('DescribeContinuousBackups', table, (abortSignal) =>
          client.send(new sdk.DescribeContinuousBackupsCommand({ TableName: table }), { abortSignal }),
        ),
      )
      return answer === undefined ? undefined : readRecovery(table, answer)
    },
    listTags: async (arn) => {
      const tags = new Map<string, string>()
      const seen = new Set<string | undefined>()
      let token: string | undefined
      do {
        const NextToken = token
        const page = await unless(
          ['ResourceNotFoundException'],
          read('ListTagsOfResource', arn, (abortSignal) =>
            client.send(new sdk.ListTagsOfResourceCommand({ ResourceArn: arn, NextToken }), { abortSignal }),
          ),
        )
        if (page === undefined) return undefined
        const { tags: some, nextToken } = readTagPage(arn, page)
        for (const [key, value] of some) tags.set(key, value)
        token = nextToken
        // An endpoint that gives a token again would page for ever.
        seen.add(NextToken)
      } while (!seen.has(token) && token !== undefined)
      return tags
    },
    createTable: async ({ table, keys, billingMode, deletionProtection, tags }) => {
      const attributes = keys.sortKey === undefined ? [keys.partitionKey] : [keys.partitionKey, keys.sortKey]
      const command = new sdk.CreateTableCommand({
        TableName: table,
        AttributeDefinitions: attributes.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
        KeySchema: attributes.map(({ name }, index) => ({
          AttributeName: name,
          KeyType: index === 0 ? 'HASH' : 'RANGE',
        })),
        BillingMode: billingMode,
        DeletionProtectionEnabled: deletionProtection,
        Tags: awsTags(tags),
      })
      await create('CreateTable', table, (abortSignal) => client.send(command, { abortSignal }))
    },
    setDeletionProtection: async (table, enabled, sendBefore) => {
      const command = new sdk.UpdateTableCommand({ TableName: table, DeletionProtectionEnabled: enabled })
      await change('UpdateTable', table, sendBefore, (abortSignal) => client.send(command, { abortSignal }))
    },
    setBillingMode: async (table, billingMode, sendBefore) => {
      const command = new sdk.UpdateTableCommand({ TableName: table, BillingMode: billingMode })
      await change('UpdateTable', table, sendBefore, (abortSignal) => client.send(command, { abortSignal }))
    },
    setRecovery: async (table, recovery, sendBefore) => {
      const command = new sdk.UpdateContinuousBackupsCommand({
        TableName: table,
        PointInTimeRecoverySpecification: {
          PointInTimeRecoveryEnabled: recovery.enabled,
          ...(recovery.enabled ? { RecoveryPeriodInDays: recovery.recoveryPeriodDays } : {}),
        },
      })
      await change('UpdateContinuousBackups', table, sendBefore, (abortSignal) => client.send(command, { abortSignal }))
    },
    tagTable: async (arn, tags, sendBefore) => {
      const command = new sdk.TagResourceCommand({ ResourceArn: arn, Tags: awsTags(tags) })
      await change('TagResource', arn, sendBefore, (abortSignal) => client.send(command, { abortSignal }))
    },
    deleteTable: async (table, sendBefore) => {
      const command = new sdk.DeleteTableCommand({ TableName: table })
      await change('DeleteTable', table, sendBefore, (abortSignal) => client.send(command, { abortSignal }))
    },
    itemsWithin: (within) => itemStore(sdk, client, (...given) => callWithin(within, reads, ...given)),
  }
}

const expiredNames = new Set(['ExpiredTokenException', 'ExpiredToken'])

/** Turns an error that DynamoDB gives for a table that is not there into undefined. */
async function unless<Answer>(codes: readonly string[], answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof DynamoDbError && codes.includes(error.code)) return undefined
    throw error
  }
}

function awsTags(tags: readonly TagChange[]): { Key: string; Value: string }[] {
  return tags.map(({ key, to }) => ({ Key: key, Value: to }))
}
