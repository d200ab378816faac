import { deletionProtection } from '../../../src/table/properties/deletion-protection.ts'
import { comparison, readDescribed } from '../../support/builders.ts'

it('turns protection on safely, and off only by its line of allow', () => {
  const [on, off] = [true, false]
  expect(deletionProtection.changes(off, on, comparison)).toEqual([{ kind: 'update', from: off, to: on, risk: 'safe' }])
  expect(deletionProtection.changes(on, off, comparison)).toEqual([
    { kind: 'update', from: on, to: off, risk: { allow: ['remove-deletion-protection'] } },
  ])
  for (const same of [on, off]) expect(deletionProtection.changes(same, same, comparison)).toEqual([])
})

it('reads a table that reports no protection as unprotected', () => {
  const read = (table: object) => readDescribed(deletionProtection, table)
  expect([read({}), read({ DeletionProtectionEnabled: true })]).toEqual([false, true])
})

it.each([true, false])('sends UpdateTable with the protection alone: %s', (value) => {
  expect(deletionProtection.request?.({ name: 'users', arn: 'arn' }, { from: value, to: value })).toEqual({
    operation: 'UpdateTable',
    input: { TableName: 'users', DeletionProtectionEnabled: value },
  })
})
