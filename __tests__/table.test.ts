import { describeKeys } from '../src/table/properties/key-schema.ts'
import { describeRecovery } from '../src/table/properties/point-in-time-recovery.ts'
import { isAwsTag } from '../src/table/properties/tags.ts'
import { isSameEnvironment, tableArn } from '../src/table/target.ts'
import { aTarget, theTables } from './support/builders.ts'

const [tenant, users] = theTables()

it.each([
  ['aws:reserved', true],
  ['AWS:x', true],
  ['aws', false],
  ['awsome', false],
  ['my-aws:x', false],
])("%s is one of AWS's own tags: %s", (key, own) => expect(isAwsTag(key)).toBe(own))

it('environments are the same without case, and only then', () => {
  expect(isSameEnvironment('Prod', 'pROD')).toBe(true)
  expect(isSameEnvironment('prod', 'PROD')).toBe(true)
  expect(isSameEnvironment('prod', 'production')).toBe(false)
})

it('an ARN is of the account, partition and region that the table is in', () => {
  const china = aTarget({ partition: 'aws-cn', region: 'cn-north-1', account: '333333333333' })
  expect(tableArn(china, 'x-users')).toBe('arn:aws-cn:dynamodb:cn-north-1:333333333333:table/x-users')
})

it('keys are told with their types, the partition key first', () => {
  expect(describeKeys(users.keys)).toBe('tenant_id (S), user_id (S)')
  expect(describeKeys(tenant.keys)).toBe('tenant_id (S)')
})

it('recovery is told with its days where it is on', () => {
  expect(describeRecovery({ enabled: false })).toBe('off')
  expect(describeRecovery({ enabled: true, recoveryPeriodDays: 7 })).toBe('on, 7 days')
})
