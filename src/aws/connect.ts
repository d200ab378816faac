/** Opens everything that a run needs of AWS, in parallel. */
import type { TimeOuts } from '../network/network.ts'
import type { Run } from '../run/run.ts'
import type { Target } from '../table/target.ts'
import { type Job, openConnections } from './connections.ts'
import { credentialPorts } from './credentials.ts'
import { loadDynamoDb } from './dynamodb.ts'
import { connectKms } from './kms.ts'
import type { SdkSettings } from './sdk-settings.ts'
import { openSession } from './session.ts'
import type { SessionRequest } from './session-request.ts'

/**
 * Assumes the roles. While the run waits for STS it loads DynamoDB's SDK and the toolkit of the runner.
 *
 * @param readCount the number of calls with which the run begins, for as many connections
 */
export async function connectToAws(
  request: SessionRequest & Pick<Target, 'region' | 'environment'> & { readonly sdkSettings: SdkSettings },
  { variables, mask, load }: Job & { readonly load: () => Promise<void> },
  readCount: number,
  run: Run,
  timeOuts: TimeOuts,
) {
  const job = { variables, mask }
  const { region, environment, sdkSettings } = request
  const connections = openConnections(region, { ...job, endpoints: sdkSettings.endpoints }, run, timeOuts)
  const [session, connectDynamoDb] = await Promise.all([
    openSession(request, credentialPorts(connections.clientOptions, job, run), run),
    loadDynamoDb(connections, readCount, run),
    connections.waiting.then(load),
  ])
  const target: Target = { ...session.awsAccount, region, environment }
  const dynamoDb = connectDynamoDb(session.credentials, target)
  return { target, dynamoDb, readKey: connectKms(connections.clientOptions, dynamoDb.credentials, run, target) }
}
