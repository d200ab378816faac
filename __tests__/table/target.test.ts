import { isSameEnvironment, namePattern, tableArn } from '../../src/table/target.ts'
import { aTarget } from '../support/builders.ts'

it('compares names of environments without regard to case', () => {
  expect(isSameEnvironment('Prod', 'pROD')).toBe(true)
  expect(isSameEnvironment('prod', 'production')).toBe(false)
})

it('makes the ARN of a table from partition, region, account and name', () => {
  const china = aTarget({ partition: 'aws-cn', region: 'cn-north-1', account: '333333333333' })
  expect(tableArn(china, 'x-users')).toBe('arn:aws-cn:dynamodb:cn-north-1:333333333333:table/x-users')
})

it.each([
  ['abc', true],
  ['a.B-c_9', true],
  ['x'.repeat(255), true],
  ['ab', false],
  ['x'.repeat(256), false],
  ['a b', false],
  ['users\n', false],
])('knows whether DynamoDB accepts the table name %j: %s', (name, isAccepted) => {
  expect(namePattern.test(name)).toBe(isAccepted)
})
