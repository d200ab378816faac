import { RemedyError } from '../../src/errors/errors.ts'
import { understand } from '../../src/table/response.ts'

const cause = new TypeError('x is undefined')
const fail = (error: Error) => () => {
  throw error
}

it.each([
  ['at once', async () => understand('DescribeTable', 'users', fail(cause))],
  ['later', () => understand('DescribeTable', 'users', async () => fail(cause)())],
])('names the call and the endpoints where reading its answer fails %s', async (_, read) => {
  await expect(read()).rejects.toMatchObject({
    name: 'RemedyError',
    message: 'The answer of DynamoDB to DescribeTable on "users" cannot be read.',
    remedy: 'Check the endpoints in AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB.',
    cause,
  })
})

it('throws the error of a call that has a remedy of its own', async () => {
  const denied = new RemedyError('Denied.', 'Allow it.')
  await expect(understand('DescribeTable', 'users', async () => fail(denied)())).rejects.toBe(denied)
})
