/** The port to DynamoDB: calls that are given as data, with a limit on concurrent calls. */
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import { errorMessage } from '../errors/thrown.ts'
import type { Run } from '../run/run.ts'
import { properties } from '../table/properties/index.ts'
import type { Ask, InputOf, Operation, OutputOf, Request } from '../table/request.ts'
import { type Target, tableArn } from '../table/target.ts'
import { type Credentials, callsIn, type ExplainFailure } from './calls.ts'
import type * as Commands from './commands.ts'
import type { Connections } from './connections.ts'
import { DynamoDbError } from './dynamodb-errors.ts'
import { type ItemStore, itemStore } from './item-store.ts'
import { adaptivePace } from './pace.ts'
import { unsentRemedy } from './remedies.ts'

export interface DynamoDb {
  /** Sends a read. Only the response of DescribeTable decides whether the table exists. */
  readonly ask: Ask
  /**
   * Sends a write. Returns when DynamoDB has accepted it, not when the change is complete.
   *
   * @param sendBefore for a write that relies on a read of its table; see `Call`
   * @throws {StaleReadError} after `sendBefore`; nothing was sent
   */
  readonly write: (request: Request, sendBefore?: number) => Promise<void>
  /** Items, by calls that end with the given run: the deletion of sample items may outlast the run that wrote them. */
  readonly itemsWithin: (run: Run) => ItemStore
}

/** Concurrent reads, each over its own connection: DynamoDB limits some reads by connection. */
const mostReads = 50

/** Concurrent writes. Measured on AWS: of ten at once in one account, three to five are throttled. */
const mostWrites = 5

export interface DynamoDbConnection extends DynamoDb {
  /** The credentials of the port, for the clients of other services: they are requested once for all. */
  readonly credentials: Credentials
}

/**
 * Loads the SDK and opens connections while the run waits for its first response. Files that are loaded late, such as the
 * SDK, save 8 % of the time of a run; see decision 0021. The client is made before there are credentials, because it names
 * the host to connect to.
 *
 * @param count the number of connections: as many calls as the run begins with
 * @returns a function that makes the port; it requests the credentials again when they expire
 */
export async function loadDynamoDb({ clientOptions, waiting, openEarly }: Connections, count: number, run: Run) {
  await waiting
  const commands = await import(/* webpackChunkName: "dynamodb" */ './commands.ts')
  let requestCredentials: () => Promise<AwsCredentialIdentity>
  const client = new commands.DynamoDBClient({
    ...clientOptions,
    credentials: () => requestCredentials(),
    // By default, calls that name an ARN go to a host of the account, which needs connections of its own.
    accountIdEndpointMode: 'disabled',
  })
  openEarly(await findEndpoint(client, commands), count)
  return (credentials: () => Promise<AwsCredentialIdentity>, target: Target): DynamoDbConnection => {
    requestCredentials = credentials
    return connect(commands, client, run, target)
  }
}

/** Returns the URL of DynamoDB. Empty credentials keep the SDK from requesting real ones for an account id in the host. */
async function findEndpoint(client: Commands.DynamoDBClient, { DescribeTableCommand }: typeof Commands): Promise<URL> {
  const credentials = async () => ({ accessKeyId: '', secretAccessKey: '' })
  const config = { ...client.config, credentials }
  try {
    return (await getEndpointFromInstructions({ TableName: 'any' }, DescribeTableCommand, config)).url
  } catch (cause) {
    throw new RemedyError('The AWS SDK found no endpoint of DynamoDB.', unsentRemedy, { cause })
  }
}

function connect(
  commands: typeof Commands,
  client: Commands.DynamoDBClient,
  run: Run,
  target: Target,
): DynamoDbConnection {
  const [reads, writes] = [adaptivePace(mostReads), adaptivePace(mostWrites)]
  const { credentials } = client.config
  const explain: ExplainFailure = ({ operation, resource }, cause, isOutcomeUnknown) => {
    const arn = resource.startsWith('arn:') ? resource : tableArn(target, resource)
    return new DynamoDbError(operation, resource, cause, isOutcomeUnknown, arn)
  }
  const call = callsIn(credentials, explain)
  const callOf = <Name extends Operation>(operation: Name, input: InputOf<Name>, sendBefore?: number) => ({
    operation,
    resource: resourceIn(input),
    sendBefore,
    send: (abortSignal: AbortSignal) =>
      client.send(commandFor(commands, operation, input), { abortSignal }) as Promise<OutputOf<Name>>,
  })
  return {
    credentials,
    ask: async (operation, input) => {
      try {
        return await call(run, reads, callOf(operation, input))
      } catch (error) {
        if (error instanceof DynamoDbError && isAbsence(error)) return undefined
        throw error
      }
    },
    write: async ({ operation, input }, sendBefore) => {
      await call(run, writes, callOf(operation, input, sendBefore))
    },
    itemsWithin: (within) =>
      itemStore((operation, input, onUnknownOutcome) =>
        call(within, reads, { ...callOf(operation, input), onUnknownOutcome }),
      ),
  }
}

/** An SDK command by its operation: the types of all commands together are more than the compiler can follow. */
type AnyCommand = new (input: object) => Parameters<Commands.DynamoDBClient['send']>[0]

function commandFor(commands: typeof Commands, operation: Operation, input: object) {
  const Command = (commands as unknown as Readonly<Record<string, AnyCommand>>)[`${operation}Command`]
  if (Command === undefined) throw new TypeError(`commands.ts does not load ${operation}Command`)
  return new Command(input)
}

/** The name or ARN of the table that the input is about. */
function resourceIn(input: object): string {
  const { TableName, ResourceArn = TableName } = input as { readonly TableName?: string; readonly ResourceArn?: string }
  return ResourceArn ?? ''
}

/** moto uses `ResourceNotFound`. */
const absenceNames = new Set(['ResourceNotFoundException', 'TableNotFoundException', 'ResourceNotFound'])

/** Returns true if the table does not exist, or is too new for a property to be read. */
function isAbsence({ code, cause }: DynamoDbError): boolean {
  const error = `${code}: ${errorMessage(cause)}`
  return (
    absenceNames.has(code) ||
    properties.some(({ reading }) => reading.kind === 'asked' && reading.isTooNew?.test(error) === true)
  )
}
