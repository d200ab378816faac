import { DynamoDbError } from '../../src/aws/dynamodb-errors.ts'

const arn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'

function failure(operation: string, name: string, message = 'as AWS says') {
  const cause = Object.assign(new Error(message), { name })
  return new DynamoDbError(operation, 'users', cause, false, arn)
}

it.each(['as AWS says', 'x because no identity-based policy allows the dynamodb:DescribeTable action'])(
  'a denied call names the permission and the statement that allows it on this table alone: %s',
  (reason) => {
    const operation = 'DescribeTable'
    expect(failure(operation, 'AccessDeniedException', reason)).toMatchObject({
      code: 'AccessDeniedException',
      message: `${operation} on "users" failed.`,
      remedy: expect.stringContaining(`Allow dynamodb:${operation} on "users"`),
      statements: [JSON.stringify({ Effect: 'Allow', Action: [`dynamodb:${operation}`], Resource: arn })],
    })
  },
)

it('a denied CreateTable names the permission for tags too', () => {
  expect(failure('CreateTable', 'AccessDeniedException')).toMatchObject({
    remedy: expect.stringContaining('Allow dynamodb:CreateTable and dynamodb:TagResource on "users"'),
    statements: [expect.stringContaining('"Action":["dynamodb:CreateTable","dynamodb:TagResource"]')],
  })
})

it.each([
  ['with an explicit deny in a resource-based policy', 'of a table, of a KMS key'],
  ['because no session policy allows the dynamodb:DescribeTable action', 'Leave restrict-session out'],
])('a denial %s names that policy, and no Allow statement, which would not help', (words, explained) => {
  const message = `User: x is not authorized to perform: dynamodb:DescribeTable on resource: y ${words}`
  const { remedy, statements } = failure('DescribeTable', 'AccessDeniedException', message)
  expect(remedy).toContain(explained)
  expect(remedy).not.toContain('Allow dynamodb:')
  expect(statements).toEqual([])
})

it.each([
  'KMS key access denied error: com.amazonaws.services.kms.model.KMSInvalidStateException',
  'User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x',
])('a denial by a KMS key names the key, and no statement for DynamoDB: %s', (message) => {
  expect(failure('GetItem', 'AccessDeniedException', message)).toMatchObject({
    remedy: expect.stringMatching(/^Allow what AWS names below.*KMS key of "users".*restrict-session/),
    statements: [],
  })
})

it.each([
  ['UnrecognizedClientException', 'region'],
  ['LimitExceededException', 'limit'],
  ['ExpiredTokenException', 'clock'],
  ['InvalidSignatureException', 'clock'],
  ['ValidationException', 'What was done so far is kept'],
])('the remedy of %s is about: %s', (name, word) => {
  expect(failure('DescribeTable', name).remedy).toContain(word)
})

it('the deletion of a table that replicas were copied from names the replicas to delete first', () => {
  const message =
    'Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.'
  expect(failure('DeleteTable', 'ValidationException', message).remedy).toBe(
    'Delete the replicas of "users" in other regions and run again when they are gone, or run again 24 hours after the last of them was added.',
  )
})

it('an error from before any request is reported as a wrong setting, not as an answer of AWS', () => {
  expect(failure('DescribeTable', 'EndpointError', 'Invalid Configuration: x')).toMatchObject({
    message: 'DescribeTable on "users" failed.',
    remedy: expect.stringMatching(/^The AWS SDK sent no request\. Correct the setting that it names below/),
  })
})
