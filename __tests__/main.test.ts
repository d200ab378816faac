import { CreateTableCommand, DynamoDBClient, ListTagsOfResourceCommand } from '@aws-sdk/client-dynamodb'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { mockClient } from 'aws-sdk-client-mock'
import { main } from '../src/main.ts'
import { virtualClock } from './support/clock.ts'
import { recordingRunner } from './support/recording-runner.ts'

const sts = mockClient(STSClient)
const dynamoDb = mockClient(DynamoDBClient)
const key = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' }
const inputs = {
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': 'arn:aws:iam::222222222222:role/provisioner',
}

beforeEach(() => {
  sts.reset()
  dynamoDb.reset()
  sts.on(AssumeRoleCommand).resolves({
    Credentials: { AccessKeyId: 'a', SecretAccessKey: 'b', SessionToken: 'c', Expiration: new Date(Date.UTC(2100, 0)) },
    AssumedRoleUser: { Arn: 'arn:aws:sts::222222222222:assumed-role/provisioner/s', AssumedRoleId: 'x' },
  })
  dynamoDb.rejects(Object.assign(new Error('not found'), { name: 'ResourceNotFoundException' }))
})

async function run(given: Record<string, string>) {
  const runner = recordingRunner(given, key)
  await main(runner, virtualClock())
  return runner.recorded
}

it('plans absent tables with one call a hop and three reads a table, and writes nothing', async () => {
  const { exitCode, outputs } = await run({ ...inputs, command: 'plan' })
  expect([exitCode, outputs['changes-count'], outputs['aws-account-id']]).toEqual([0, '2', '222222222222'])
  expect([sts.calls().length, dynamoDb.calls().length]).toEqual([1, 6])
})

it('calls nothing after wrong inputs', async () => {
  const { exitCode, outputs, errors } = await run({})
  expect([exitCode, outputs, errors.length]).toEqual([1, {}, 1])
  expect([sts.calls(), dynamoDb.calls()]).toEqual([[], []])
})

it('publishes what it knows when a read is denied, and names the action', async () => {
  dynamoDb.on(ListTagsOfResourceCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }))
  const { exitCode, outputs, errors } = await run(inputs)
  expect([exitCode, outputs]).toEqual([1, { 'aws-account-id': '222222222222', 'aws-region': 'ap-south-1' }])
  expect(errors[0]).toContain('dynamodb:ListTagsOfResource')
  expect(dynamoDb.commandCalls(CreateTableCommand)).toEqual([])
})

it('tells an apply that failed from its first write on', async () => {
  dynamoDb.on(CreateTableCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }))
  const { exitCode, outputs, errors, lines } = await run(inputs)
  expect([exitCode, outputs.changed, outputs['has-changes']]).toEqual([1, 'false', 'true'])
  expect(errors[0]).toContain('dynamodb:CreateTable and dynamodb:TagResource')
  expect(lines).toContain('> Plan')
})
