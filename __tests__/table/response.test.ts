import { RemedyError } from '../../src/errors/errors.ts'
import { explainUnreadable } from '../../src/table/response.ts'

it('names the call and the endpoints where reading its answer fails', () => {
  const cause = new TypeError('x is undefined')
  expect(explainUnreadable('DescribeTable', 'users', cause)).toMatchObject({
    name: 'RemedyError',
    message: 'The answer of DynamoDB to DescribeTable on "users" cannot be read.',
    remedy: 'Check the endpoints in AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB.',
    cause,
  })
})

it('keeps the error of a call that has a remedy of its own', () => {
  const denied = new RemedyError('Denied.', 'Allow it.')
  expect(explainUnreadable('DescribeTable', 'users', denied)).toBe(denied)
})
