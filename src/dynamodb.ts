/** The port to DynamoDB: our vocabulary on this side, AWS's on the other. It alone loads DynamoDB's SDK, and late. */
import type * as Sdk from '@aws-sdk/client-dynamodb'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import type { AwsCredentialIdentity } from '@smithy/types'
import type { Connections } from './connections.ts'
import type { TagChange } from './diff.ts'
import { type DescribedTable, readDescription, readRecovery, readTagPage } from './dynamodb-answers.ts'
import { errorMessage, errorName, httpStatus, RemedyError } from './errors.ts'
import { classifyFailure, type FailureKind } from './failures.ts'
import { type Call, type ItemStore, itemStore } from './item-store.ts'
import { adaptivePace, type Pace } from './pace.ts'
import { allowStatement } from './permissions.ts'
import { retry } from './retry.ts'
import type { Run } from './run.ts'
import type { BillingMode, Keys, PointInTimeRecovery, Tags } from './table.ts'

export interface TableToCreate {
  readonly table: string
  readonly keys: Keys
  readonly billingMode: BillingMode
  readonly deletionProtection: boolean
  readonly tags: readonly TagChange[]
}

/** Every method is one call, tried again where that helps. Writes return when DynamoDB has taken them, not when they are done. */
export interface DynamoDb {
  /** undefined where the table does not exist. This read alone decides absence. */
  readonly describeTable: (table: string) => Promise<DescribedTable | undefined>
  /** undefined where the table does not exist, or is too young. */
  readonly describeRecovery: (table: string) => Promise<PointInTimeRecovery | undefined>
  /** All pages. undefined where the table does not exist, or is too young. */
  readonly listTags: (arn: string) => Promise<Tags | undefined>
  readonly createTable: (table: TableToCreate) => Promise<void>
  readonly setDeletionProtection: (table: string, enabled: boolean) => Promise<void>
  readonly setBillingMode: (table: string, billingMode: 'PAY_PER_REQUEST') => Promise<void>
  readonly setRecovery: (table: string, recovery: PointInTimeRecovery) => Promise<void>
  readonly tagTable: (arn: string, tags: readonly TagChange[]) => Promise<void>
  /** Sent again where it was refused for its date alone: before anything else somebody must look what table it would hit. */
  readonly deleteTable: (table: string) => Promise<void>
  /** Items, by calls that end when this run does: what is put away may outlast the run that wrote it. */
  readonly itemsWithin: (run: Run) => ItemStore
}

/** A call that failed for good. */
export class DynamoDbError extends RemedyError {
  override readonly name = 'DynamoDbError'
  /** AWS's name for it. */
  readonly code: string
  /** An earlier try of the same call had no answer, so what is refused now may have been done then. */
  readonly afterLostAnswer: boolean
  readonly kind: FailureKind
  /** Of a write. Only DynamoDB's own no, to every try of it, tells that it was not. */
  readonly mayHaveBeenDone: boolean

  /** @param arn of the resource, which may be given by its name */
  constructor(operation: string, resource: string, cause: unknown, afterLostAnswer: boolean, arn = resource) {
    super(`${operation} on "${resource}" failed.`, remedyFor(operation, resource, cause), {
      cause,
      statements: isDenied(cause) ? [allowStatement(actionsFor(operation), arn)] : [],
    })
    this.code = errorName(cause)
    this.afterLostAnswer = afterLostAnswer
    this.kind = classifyFailure(cause)
    const status = httpStatus(cause)
    const isRefusal = status >= 400 && status < 500
    this.mayHaveBeenDone = afterLostAnswer || !isRefusal
  }
}

/** At once, over as many connections: DynamoDB limits some reads by connection. */
const mostReads = 50

/** At once. Of ten creations, deletions or tag writes at once in one account three to five are throttled. */
const mostWrites = 5

/**
 * Makes the port, once the credentials are known; called when they run out as well.
 *
 * @param arnOf the ARN of a table, for the statement that would allow what was denied
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
  const sdk = await import(/* webpackMode: "eager" */ '@aws-sdk/client-dynamodb')
  let walkChain: () => Promise<AwsCredentialIdentity>
  const client = new sdk.DynamoDBClient({
    ...clientOptions,
    credentials: () => walkChain(),
    // Without this, calls that name an ARN would go to a host of their own, and need a connection of their own.
    accountIdEndpointMode: 'disabled',
  })
  openEarly(await endpointOf(client, sdk), count)
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

function connect(sdk: typeof Sdk, client: DynamoDBClient, run: Run, arnOf: (table: string) => string): DynamoDb {
  const [reads, writes] = [adaptivePace(mostReads), adaptivePace(mostWrites)]
  const read: Call = (operation, resource, send) => callWithin(run, reads, operation, resource, send)
  const write: Call = (operation, resource, send) => callWithin(run, writes, operation, resource, send)

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
    isTriedAgain?: (kind: FailureKind) => boolean,
  ): Promise<Answer> {
    let renewed = false
    let answerLost = false
    let session = sessions
    const attempt = async (signal: AbortSignal) => {
      try {
        return await pace(signal, () => {
          session = sessions
          return send(signal)
        })
      } catch (error) {
        answerLost ||= classifyFailure(error) === 'unavailable'
        throw error
      }
    }
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
        isTriedAgain,
      )
    } catch (error) {
      // A remedy is known already when the run was stopped, or when the credentials could not be renewed.
      if (error instanceof RemedyError) throw error
      throw new DynamoDbError(
        operation,
        resource,
        error,
        answerLost,
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
      return description === undefined ? undefined : readDescription(table, description)
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
      await write('CreateTable', table, (abortSignal) => client.send(command, { abortSignal }))
    },
    setDeletionProtection: async (table, enabled) => {
      const command = new sdk.UpdateTableCommand({ TableName: table, DeletionProtectionEnabled: enabled })
      await write('UpdateTable', table, (abortSignal) => client.send(command, { abortSignal }))
    },
    setBillingMode: async (table, billingMode) => {
      const command = new sdk.UpdateTableCommand({ TableName: table, BillingMode: billingMode })
      await write('UpdateTable', table, (abortSignal) => client.send(command, { abortSignal }))
    },
    setRecovery: async (table, recovery) => {
      const command = new sdk.UpdateContinuousBackupsCommand({
        TableName: table,
        PointInTimeRecoverySpecification: {
          PointInTimeRecoveryEnabled: recovery.enabled,
          ...(recovery.enabled ? { RecoveryPeriodInDays: recovery.recoveryPeriodDays } : {}),
        },
      })
      await write('UpdateContinuousBackups', table, (abortSignal) => client.send(command, { abortSignal }))
    },
    tagTable: async (arn, tags) => {
      const command = new sdk.TagResourceCommand({ ResourceArn: arn, Tags: awsTags(tags) })
      await write('TagResource', arn, (abortSignal) => client.send(command, { abortSignal }))
    },
    deleteTable: async (table) => {
      const command = new sdk.DeleteTableCommand({ TableName: table })
      const send = (abortSignal: AbortSignal) => client.send(command, { abortSignal })
      await callWithin(run, writes, 'DeleteTable', table, send, (kind) => kind === 'misdated')
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

/** A table that is made with tags needs the right to tag as well. */
function actionsFor(operation: string): readonly string[] {
  return [operation, ...(operation === 'CreateTable' ? ['TagResource'] : [])].map((name) => `dynamodb:${name}`)
}

/** By IAM, and for DynamoDB itself: a key of KMS is another matter. */
function isDenied(error: unknown): boolean {
  return errorName(error) === 'AccessDeniedException' && !isDeniedByKms(error)
}

/** Who reads and writes the items of a table with a key of the customer's own must be allowed to use the key. */
function isDeniedByKms(error: unknown): boolean {
  return errorName(error) === 'AccessDeniedException' && /\bkms\b/i.test(errorMessage(error))
}

function remedyFor(operation: string, resource: string, error: unknown): string {
  if (isDeniedByKms(error)) {
    return `Allow what AWS names below to the role that works on the tables, in its policy and in that of the KMS key of "${resource}". A session under restrict-session, and a role within the boundary of iam/provisioner.yml, may use no key.`
  }
  switch (errorName(error)) {
    case 'AccessDeniedException':
      return `Allow ${actionsFor(operation).join(' and ')} on "${resource}" in the policy of the role that works on the tables, and check that no service control policy or permissions boundary denies it.`
    case 'InvalidSignatureException':
      return 'Check the clock of the machine, and the secret access key, then run again.'
    case 'UnrecognizedClientException':
      return 'Check that the region is enabled in the account, and that the credentials are those of the right partition.'
    case 'ExpiredTokenException':
      return 'Check the clock of the machine, then run again.'
    case 'LimitExceededException':
    case 'SubscriberLimitExceededException':
      if (/next update can be made at/i.test(errorMessage(error)))
        return 'Run again after the time that AWS names below.'
      return 'The account has reached a limit of DynamoDB. Ask AWS to raise it, or make room, then run again.'
    default:
      return classifyFailure(error) === 'unavailable'
        ? 'AWS or the network on the way to it failed. Run again: what was done so far is kept.'
        : 'See what AWS says below, mend it, and run again: what was done so far is kept.'
  }
}
