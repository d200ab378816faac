/** Another person's hands in an account, and what an account has room for. */
import { arnOf, aTable, hub, refusal, region, startWorld, target, type World } from './world.ts'

let world: World

beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.close())

const hands = () => world.sandbox.account(target, region)

describe('hands', () => {
  it('set all tags at once, and those that only AWS can', async () => {
    await world.dynamoDb().createTable(aTable({ Tags: [{ Key: 'team', Value: 'core' }] }))
    world.pass(60)
    hands().setTags('tenant', { 'aws:reserved': 'x' })
    const { Tags } = await world.dynamoDb().listTagsOfResource({ ResourceArn: arnOf('tenant') })
    expect(Tags).toEqual([{ Key: 'aws:reserved', Value: 'x' }])
    await world.dynamoDb().tagResource({ ResourceArn: arnOf('tenant'), Tags: [{ Key: 'a', Value: '1' }] })
  })

  it.each(['ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'])('bring a table to %s and back', async (status) => {
    await world.dynamoDb().createTable(aTable())
    world.pass(60)
    const look = async () => (await world.dynamoDb().describeTable({ TableName: 'tenant' })).Table?.TableStatus
    hands().setTableStatus('tenant', status)
    expect(await look()).toBe(status)
    hands().setTableStatus('tenant', undefined)
    expect(await look()).toBe('ACTIVE')
  })

  it("obey the same rules as calls do, and fail with AWS's names", async () => {
    await hands().call('CreateTable', { ...aTable() })
    expect(await refusal(hands().call('CreateTable', { ...aTable() }))).toMatch(/^ResourceInUseException/)
    expect(world.sandbox.requests).toEqual([])
  })

  it.each([
    ['ap-south-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('in %s find tables of partition %s', async (at, partition) => {
    await world.sandbox.account(hub, at).call('CreateTable', { ...aTable() })
    expect(world.sandbox.account(hub, at).table('tenant')?.arn).toBe(
      `arn:${partition}:dynamodb:${at}:${hub}:table/tenant`,
    )
  })
})

describe('an account', () => {
  const make = async (count: number, changes: Parameters<typeof aTable>[0] = {}) => {
    for (let place = 0; place < count; place += 1) {
      await hands().call('CreateTable', {
        ...aTable({ TableName: `${changes.BillingMode ?? 'table'}${place}-${world.now()}`, ...changes }),
      })
    }
  }
  const another = (changes: Parameters<typeof aTable>[0] = {}) =>
    refusal(hands().call('CreateTable', { ...aTable({ TableName: 'another', ...changes }) }))

  it('lists its tables in pages', async () => {
    await make(105)
    const aws = world.dynamoDb()
    const first = await aws.listTables()
    expect(first.TableNames).toHaveLength(100)
    const rest = await aws.listTables({ ExclusiveStartTableName: first.LastEvaluatedTableName ?? '' })
    expect([rest.TableNames?.length, rest.LastEvaluatedTableName]).toEqual([5, undefined])
    expect(await refusal(aws.listTables({ Limit: 101 }))).toMatch(/^ValidationException/)
  })

  it('has 500 tables at work at once', async () => {
    await make(500)
    expect(await another()).toMatch(/^LimitExceededException.*simultaneously/)
    world.pass(60)
    expect(await another()).toMatch(/^no refusal/)
  })

  it('has 250 tables with indexes at work at once', async () => {
    const withIndex = {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'index',
          KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' as const }],
          Projection: { ProjectionType: 'ALL' as const },
        },
      ],
    }
    await make(250, withIndex)
    expect(await another(withIndex)).toMatch(/^LimitExceededException.*indexed tables/)
    expect(await another()).toMatch(/^no refusal/)
  })

  it('has 2500 tables', async () => {
    for (let hundreds = 0; hundreds < 25; hundreds += 1) {
      await make(100)
      world.pass(60)
    }
    expect(await another()).toMatch(/^LimitExceededException.*2500/)
  })
})
