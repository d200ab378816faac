import { billingMode } from '../../../src/table/properties/billing-mode.ts'
import { comparison } from '../../support/builders.ts'

it('changes the billing mode by a slow step, and only where it differs', () => {
  const [from, to] = ['PROVISIONED', 'PAY_PER_REQUEST'] as const
  expect(billingMode.changes(from, to, comparison)).toEqual([{ kind: 'update', from, to, risk: 'slow' }])
  expect(billingMode.changes(to, to, comparison)).toEqual([])
})

it('reads a table without a billing mode summary as provisioned', () => {
  const { reading } = billingMode
  if (reading.kind !== 'described') throw new Error('The billing mode is a field of DescribeTable')
  expect(reading.of({})).toBe('PROVISIONED')
  expect(reading.of({ BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } })).toBe('PAY_PER_REQUEST')
})

it('sends UpdateTable with the billing mode alone', () => {
  expect(
    billingMode.request?.({ name: 'users', arn: 'arn' }, { from: 'PAY_PER_REQUEST', to: 'PAY_PER_REQUEST' }),
  ).toEqual({
    operation: 'UpdateTable',
    input: { TableName: 'users', BillingMode: 'PAY_PER_REQUEST' },
  })
})

it.each([
  'Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 in 24 hours. Next update can be made at noon',
  'Provisioned throughput decreases are limited. Next decrease can be made at noon',
])('recognizes that AWS allows no further change for now: %s', (message) => {
  expect(billingMode.budget?.isSpent.test(`LimitExceededException: ${message}`)).toBe(true)
  expect(billingMode.budget?.isSpent.test('Rate exceeded')).toBe(false)
})
