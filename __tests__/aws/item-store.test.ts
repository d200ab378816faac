import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { aTarget } from '../support/builders.ts'
import { aRun } from '../support/fakes.ts'

const aws = mockClient(DynamoDBClient)

it.each<[string, boolean, Record<string, unknown>]>([
  ['unknown where an earlier try lost its connection', true, { code: 'ECONNRESET' }],
  [
    'unknown where an earlier try met an internal error',
    true,
    { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } },
  ],
  [
    'known where an earlier try was refused',
    false,
    { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } },
  ],
])('the outcome of all tries of a written item is %s', async (_, isOutcomeUnknown, error) => {
  aws.reset()
  aws
    .on(PutItemCommand)
    .rejectsOnce(Object.assign(new Error('as AWS says'), error))
    .resolves({})
  const run = aRun()
  const clientOptions = { region: 'ap-south-1', requestHandler: new NodeHttpHandler(), maxAttempts: 1 as const }
  const waiting = Promise.resolve()
  const connect = await loadDynamoDb({ clientOptions, waiting, openEarly: () => undefined }, 0, run)
  const { itemsWithin } = connect(async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), aTarget())
  const writing = itemsWithin(run).putIfAbsent('users', { tenant_id: 'a', user_id: 'b' }, 'tenant_id')
  await expect(writing).resolves.toEqual({ isOutcomeUnknown })
  expect(aws.calls()).toHaveLength(2)
})
