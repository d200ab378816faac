/** The deletion of the tables of one run of `npm run contract:aws`, on the sandbox in virtual time. */
import { deleteRunTables, listTables, markOf } from '../../scripts/contract-aws/run-tables.ts'
import { type Administered, startAdministered } from './administrator.ts'

const mark = markOf('a-test')

let emulator: Administered['emulator']
let client: Administered['client']

beforeAll(async () => {
  ;({ emulator, client } = await startAdministered({ indexCreating: 60_000 }))
})
afterEach(() => emulator.reset())
afterAll(() => emulator.close())

describe('the deletion of the tables of a run', () => {
  const create = (TableName: string, changes: object = {}) =>
    emulator.hands.call('CreateTable', {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...changes,
    })
  const remove = () => emulator.perform(() => deleteRunTables(client, mark, emulator.clock))

  it('deletes protected tables and young ones, and waits until they are gone', async () => {
    await create(`${mark.prefix}one`, { Tags: [mark.tag], DeletionProtectionEnabled: true })
    emulator.clock.pass(60_000)
    await create(`${mark.prefix}two`, { Tags: [mark.tag] })

    const { deleted, left } = await remove()

    expect([deleted, [...left]]).toEqual([[`${mark.prefix}one`, `${mark.prefix}two`], []])
    expect(await listTables(client, '')).toEqual([])
  })

  it('leaves every table without its prefix, and names the ones without its tag', async () => {
    const other = markOf('another')
    await create('users', { Tags: [mark.tag] })
    await create(`${other.prefix}users`, { Tags: [other.tag] })
    await create(`${mark.prefix}untagged`)
    await create(`${mark.prefix}of-another`, { Tags: [other.tag] })

    const { deleted, left } = await remove()

    const reason = 'it does not have the tag tenant-tables-contract = a-test'
    expect([deleted, [...left.values()]]).toEqual([[], [reason, reason]])
    expect([...(await listTables(client, ''))].sort()).toEqual(
      [`${mark.prefix}of-another`, `${mark.prefix}untagged`, `${other.prefix}users`, 'users'].sort(),
    )
  })

  it('deletes a table that AWS creates after the first list', async () => {
    emulator.afterRequest(
      ({ operation }) => operation === 'ListTables',
      () => void create(`${mark.prefix}late`, { Tags: [mark.tag] }),
    )
    expect((await remove()).deleted).toEqual([`${mark.prefix}late`])
  })

  it('waits for an index that is being built', async () => {
    await create(`${mark.prefix}one`, { Tags: [mark.tag] })
    emulator.clock.pass(60_000)
    await emulator.hands.call('UpdateTable', {
      TableName: `${mark.prefix}one`,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'time', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'time',
            KeySchema: [{ AttributeName: 'time', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    })
    expect((await remove()).deleted).toEqual([`${mark.prefix}one`])
  })

  it('goes on with the other tables when one cannot be deleted, and says why', async () => {
    for (const name of ['one', 'two']) await create(`${mark.prefix}${name}`, { Tags: [mark.tag] })
    emulator.sandbox.faults.add({
      ...{ kind: 'error', operation: 'DeleteTable', table: `${mark.prefix}one` },
      ...{ errorName: 'AccessDeniedException', status: 400, message: 'not for you' },
    })
    const { deleted, left } = await remove()
    expect([deleted, [...left]]).toEqual([
      [`${mark.prefix}two`],
      [[`${mark.prefix}one`, 'AccessDeniedException: not for you']],
    ])
  })
})
