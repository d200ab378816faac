import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { clientOptionsFor } from '../../src/aws/connections.ts'
import { connectKms } from '../../src/aws/kms.ts'
import { describeError, renderError } from '../../src/errors/description.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import type { ReadKey } from '../../src/table/property.ts'
import { cancelled } from '../support/apply.ts'
import { aTarget } from '../support/builders.ts'
import { aRun, type FakeRun } from '../support/fakes.ts'

const aws = mockClient(KMSClient)
const target = aTarget()
const arn = 'arn:aws:kms:ap-south-1:222222222222:key/11111111-2222-3333-4444-555555555555'
const found = {
  KeyMetadata: { KeyId: '11111111-2222-3333-4444-555555555555', Arn: arn, KeySpec: 'SYMMETRIC_DEFAULT' },
} as const
const unknownAction = 'is not authorized to perform: kms:DescribeKey on resource'
let run: FakeRun
let readKey: ReadKey
/** The calls of the credentials' provider: true for one that asks for new ones. */
let requested: boolean[] = []

beforeEach(() => {
  aws.reset()
  requested = []
  run = aRun()
  const credentials = async (options?: { readonly forceRefresh?: boolean }) => {
    requested.push(options?.forceRefresh === true)
    return { accessKeyId: 'a', secretAccessKey: 'b' }
  }
  readKey = connectKms(clientOptionsFor(target.region, new NodeHttpHandler()), credentials, run, target)
})

const calls = () => aws.commandCalls(DescribeKeyCommand).map(({ args: [{ input }] }) => input)

function refusal(name: string, message = 'as AWS says', httpStatusCode = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } })
}

async function failure(key = 'alias/tables'): Promise<unknown> {
  return await readKey(key).then(
    () => {
      throw new Error('The call succeeded')
    },
    (error: unknown) => error,
  )
}

it('reads the ARN of the key behind an alias, and whether DynamoDB can use it', async () => {
  aws.on(DescribeKeyCommand).resolvesOnce(found)
  expect(await readKey('alias/tables')).toEqual({ arn, isSymmetric: true })
  aws.on(DescribeKeyCommand).resolves({ KeyMetadata: { KeyId: 'x', Arn: arn, KeySpec: 'RSA_2048' } })
  expect(await readKey('alias/rsa')).toEqual({ arn, isSymmetric: false })
  expect(calls()).toEqual([{ KeyId: 'alias/tables' }, { KeyId: 'alias/rsa' }])
})

it.each([
  [refusal('ThrottlingException', 'Rate exceeded')],
  [refusal('DependencyTimeoutException', 'The system timed out', 500)],
  [refusal('KMSInternalException', 'try again', 500)],
  [Object.assign(new Error('lost'), { code: 'ECONNRESET' })],
])('repeats a call that failed for now: %s', async (error) => {
  aws.on(DescribeKeyCommand).rejectsOnce(error).resolves(found)
  expect(await readKey('alias/tables')).toMatchObject({ arn })
  expect([calls().length, run.lines]).toEqual([2, [expect.stringMatching(/^Trying again in .* s: /)]])
})

it('renews a session that has expired once', async () => {
  aws.on(DescribeKeyCommand).rejectsOnce(refusal('ExpiredTokenException')).resolves(found)
  await readKey('alias/tables')
  expect(requested.filter((isForced) => isForced)).toHaveLength(1)
})

it('ends with the run, and names what it was waiting for', async () => {
  aws.on(DescribeKeyCommand).callsFake(() => {
    run.abortNow(cancelled)
    throw refusal('ThrottlingException')
  })
  const error = await failure()
  expect(error).toBeInstanceOf(StoppedError)
  expect((error as Error).message).toContain('It was waiting for DescribeKey on "alias/tables".')
})

it('names the alias, the region and the account where there is no such key', async () => {
  aws.on(DescribeKeyCommand).rejects(refusal('NotFoundException', 'Alias arn:... is not found.'))
  expect(describeError(await failure())).toEqual({
    message: 'DescribeKey on "alias/tables" in ap-south-1 failed.',
    remedy:
      'There is no "alias/tables" in ap-south-1 of account 222222222222. Correct KMSMasterKeyId, or create the alias there.',
    problems: [],
    facts: [],
    statements: [],
    causes: ['NotFoundException: Alias arn:... is not found.'],
  })
  expect(calls()).toHaveLength(1)
})

it('shows the statement to add where IAM denies the call', async () => {
  aws.on(DescribeKeyCommand).rejects(refusal('AccessDeniedException', `User: x ${unknownAction}`))
  const { remedy, statements } = describeError(await failure())
  expect(remedy).toMatch(/^Allow kms:DescribeKey on the key behind "alias\/tables" in the policy of the role/)
  expect(statements.map((statement) => JSON.parse(statement))).toEqual([
    {
      Effect: 'Allow',
      Action: ['kms:DescribeKey'],
      Resource: ['arn:aws:kms:ap-south-1:222222222222:key/*'],
      Condition: { StringEquals: { 'kms:RequestAlias': 'alias/tables' } },
    },
  ])
})

it('explains a denial that no statement in the policy of the role would end', async () => {
  const message = `User: x ${unknownAction} with an explicit deny in a service control policy`
  aws.on(DescribeKeyCommand).rejects(refusal('AccessDeniedException', message))
  const { remedy, statements } = describeError(await failure())
  expect(remedy).toContain('Ask the administrators of the AWS organization')
  expect(statements).toEqual([])
})

it.each([
  ['no answer of KMS', { KeyMetadata: undefined }],
  ['an ARN of something else', { KeyMetadata: { KeyId: 'x', Arn: 'arn:aws:kms:ap-south-1:222222222222:alias/x' } }],
])('refuses %s', async (_, answer) => {
  aws.on(DescribeKeyCommand).resolves(answer)
  expect(describeError(await failure())).toMatchObject({
    message: 'The answer of KMS to DescribeKey on "alias/tables" cannot be read.',
    remedy: 'Check the endpoints in AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_KMS.',
  })
})

it.each([
  [refusal('InvalidSignatureException'), 'Check the clock of the machine'],
  [refusal('UnrecognizedClientException'), 'Check that the access key is active'],
  [
    refusal('Unknown', 'x', 404),
    'Another server answered instead of KMS. Check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_KMS',
  ],
  [refusal('InvalidArnException'), 'Correct what AWS reports below'],
])('gives the remedy of any call for %s', async (error, remedy) => {
  aws.on(DescribeKeyCommand).rejects(error)
  expect(renderError(await failure())).toContain(`To fix: ${remedy}`)
})
