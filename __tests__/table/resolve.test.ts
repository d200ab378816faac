import type { ReadKey } from '../../src/table/property.ts'
import { resolveDefinitions } from '../../src/table/resolve.ts'
import { aTarget, define, theTables } from '../support/builders.ts'

const arn = 'arn:aws:kms:ap-south-1:222222222222:key/11111111-2222-3333-4444-555555555555'
const withAlias = { SSESpecification: { SSEEnabled: true, KMSMasterKeyId: 'alias/tables' } }
const [tenant, users] = theTables()

function resolve(definitions: Parameters<typeof resolveDefinitions>[0], answer: ReadKey) {
  const asked: string[] = []
  const resolving = resolveDefinitions(definitions, aTarget(), (key) => {
    asked.push(key)
    return answer(key)
  })
  return { asked, resolving }
}

it('reads the key of an alias once for all tables, and leaves every other value as it is', async () => {
  const declared = [define(tenant, withAlias), define(users, withAlias)]
  const { asked, resolving } = resolve(declared, async () => ({ arn, isSymmetric: true }))
  const SSESpecification = { SSEEnabled: true, KMSMasterKeyId: arn, KeyManager: 'CUSTOMER' } as const
  expect(await resolving).toEqual([define(tenant, { SSESpecification }), define(users, { SSESpecification })])
  expect(asked).toEqual(['alias/tables'])
})

it('reads nothing for definitions without a key', async () => {
  const { asked, resolving } = resolve([tenant, users], () => Promise.reject(new Error('There was a call')))
  expect([await resolving, asked]).toEqual([[tenant, users], []])
})

it('fails with the error of a key that cannot be read', async () => {
  const refused = new Error('There is no such alias')
  const { resolving } = resolve([define(tenant, withAlias), define(users, withAlias)], () => Promise.reject(refused))
  await expect(resolving).rejects.toBe(refused)
})
