/** Accounts and regions, direct access of tests to them, and their quotas. */
import { arnOf, aTable, type Harness, hub, refusal, region, startHarness, target, userKey } from './harness.ts'

let harness: Harness

beforeEach(async () => {
  harness = await startHarness()
})
afterEach(() => harness.close())

const account = () => harness.sandbox.account(target, region)

it('keeps accounts and regions apart', async () => {
  await harness.dynamoDb().createTable(aTable())
  const names = async (key = userKey(target), at = region) => (await harness.dynamoDb(key, at).listTables()).TableNames
  expect([await names(), await names(userKey(hub)), await names(userKey(target), 'eu-west-1')]).toEqual([
    ['tenant'],
    [],
    [],
  ])
})

describe('direct access to an account', () => {
  it('replaces all tags at once, also with tags that only AWS can set', async () => {
    await harness.dynamoDb().createTable(aTable({ Tags: [{ Key: 'team', Value: 'core' }] }))
    harness.advance(60)
    account().setTags('tenant', { 'aws:reserved': 'x' })
    const { Tags } = await harness.dynamoDb().listTagsOfResource({ ResourceArn: arnOf('tenant') })
    expect(Tags).toEqual([{ Key: 'aws:reserved', Value: 'x' }])
    await harness.dynamoDb().tagResource({ ResourceArn: arnOf('tenant'), Tags: [{ Key: 'a', Value: '1' }] })
  })

  it.each(['ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'])(
    'sets the status of a table to %s, and removes it',
    async (status) => {
      await harness.dynamoDb().createTable(aTable())
      harness.advance(60)
      const shown = async () => (await harness.dynamoDb().describeTable({ TableName: 'tenant' })).Table?.TableStatus
      account().setTableStatus('tenant', status)
      expect(await shown()).toBe(status)
      account().setTableStatus('tenant', undefined)
      expect(await shown()).toBe('ACTIVE')
    },
  )

  it('follows the rules of the API, throws its errors, and is not logged', async () => {
    await account().call('CreateTable', { ...aTable() })
    expect(await refusal(account().call('CreateTable', { ...aTable() }))).toMatch(/^ResourceInUseException/)
    expect(harness.sandbox.requests).toEqual([])
    expect(() => account().setTableStatus('none', 'ARCHIVED')).toThrow('There is no table "none"')
    await harness.sandbox.reset()
    expect(account().table('tenant')).toBeUndefined()
  })

  it.each([
    ['ap-south-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('in %s creates tables in partition %s', async (at, partition) => {
    await harness.sandbox.account(hub, at).call('CreateTable', { ...aTable() })
    expect(harness.sandbox.account(hub, at).table('tenant')?.arn).toBe(
      `arn:${partition}:dynamodb:${at}:${hub}:table/tenant`,
    )
  })
})

describe('the quotas of an account', () => {
  const createTables = async (count: number, changes: Parameters<typeof aTable>[0] = {}) => {
    for (let place = 0; place < count; place += 1) {
      await account().call('CreateTable', {
        ...aTable({ TableName: `${changes.BillingMode ?? 'table'}${place}-${harness.now()}`, ...changes }),
      })
    }
  }
  const another = (changes: Parameters<typeof aTable>[0] = {}) =>
    refusal(account().call('CreateTable', { ...aTable({ TableName: 'another', ...changes }) }))

  it('list 100 tables on a page of ListTables', async () => {
    await createTables(105)
    const aws = harness.dynamoDb()
    const first = await aws.listTables()
    expect(first.TableNames).toHaveLength(100)
    const rest = await aws.listTables({ ExclusiveStartTableName: first.LastEvaluatedTableName ?? '' })
    expect([rest.TableNames?.length, rest.LastEvaluatedTableName]).toEqual([5, undefined])
    expect(await refusal(aws.listTables({ Limit: 101 }))).toMatch(/^ValidationException/)
  })

  it('allow 500 tables that are CREATING at once', async () => {
    await createTables(500)
    expect(await another()).toMatch(/^LimitExceededException.*simultaneously/)
    harness.advance(60)
    expect(await another()).toMatch(/^no refusal/)
  })

  it('allow 250 tables with indexes that are CREATING at once', async () => {
    const withIndex = {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'index',
          KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' as const }],
          Projection: { ProjectionType: 'ALL' as const },
        },
      ],
    }
    await createTables(250, withIndex)
    expect(await another(withIndex)).toMatch(/^LimitExceededException.*indexed tables/)
    expect(await another()).toMatch(/^no refusal/)
  })

  it('allow 2500 tables', async () => {
    for (let batch = 0; batch < 25; batch += 1) {
      await createTables(100)
      harness.advance(60)
    }
    expect(await another()).toMatch(/^LimitExceededException.*2500/)
  })
})
