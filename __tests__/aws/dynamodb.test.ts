import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  type DescribeContinuousBackupsOutput,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTagsOfResourceCommand,
  type ListTagsOfResourceOutput,
  PutItemCommand,
  QueryCommand,
  type TableDescription,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { type DynamoDb, loadDynamoDb } from '../../src/aws/dynamodb.ts'
import type { DescribedTable, SettledTable } from '../../src/aws/dynamodb-answers.ts'
import { RemedyError, StoppedError } from '../../src/errors/errors.ts'
import { aRun, type FakeRun } from '../support/fakes.ts'

const aws = mockClient(DynamoDBClient)
let run: FakeRun
let dynamoDb: DynamoDb
const items = () => dynamoDb.itemsWithin(run)
let walks = 0

const openedEarly: string[] = []
const arnOf = (table: string) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table}`
const arn = arnOf('users')

/** As a run does: the SDK is loaded while it waits, and the port is made when the credentials are known. */
async function load(region = 'ap-south-1') {
  const requestHandler = new NodeHttpHandler()
  const connections = {
    clientOptions: { region, requestHandler, maxAttempts: 1 as const },
    waiting: Promise.resolve(),
    openEarly: (url: URL, count: number) => void openedEarly.push(`${count} x ${url.origin}`),
  }
  return await loadDynamoDb(connections, 6, run)
}

beforeEach(async () => {
  aws.reset()
  walks = 0
  run = aRun()
  openedEarly.length = 0
  const connect = await load()
  dynamoDb = connect(async () => {
    walks += 1
    return { accessKeyId: 'a', secretAccessKey: 'b', expiration: new Date(Date.UTC(2100, 0)) }
  }, arnOf)
})

it.each([
  ['ap-south-1', 'https://dynamodb.ap-south-1.amazonaws.com'],
  ['cn-north-1', 'https://dynamodb.cn-north-1.amazonaws.com.cn'],
  ['us-gov-west-1', 'https://dynamodb.us-gov-west-1.amazonaws.com'],
])('opens connections to the host that its calls go to: %s', async (region, origin) => {
  openedEarly.length = 0
  await load(region)
  expect(openedEarly).toEqual([`6 x ${origin}`])
  expect([walks, aws.calls()]).toEqual([0, []])
})

function refusal(name: string, message = 'as AWS says'): Error {
  const httpStatusCode = name === 'InternalServerError' ? 500 : 400
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } })
}

/** For a write that does not go by the time. */
const whenever = Number.POSITIVE_INFINITY

describe('describeTable', () => {
  const active: TableDescription = {
    TableName: 'users',
    TableArn: arn,
    TableId: 'id',
    TableStatus: 'ACTIVE',
    KeySchema: [
      { AttributeName: 'user_id', KeyType: 'RANGE' },
      { AttributeName: 'tenant_id', KeyType: 'HASH' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'user_id', AttributeType: 'N' },
      { AttributeName: 'tenant_id', AttributeType: 'S' },
    ],
    ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
  }
  const describe_ = async (changes: TableDescription = {}) => {
    aws.on(DescribeTableCommand, { TableName: 'users' }).resolves({ Table: { ...active, ...changes } })
    return await dynamoDb.describeTable('users')
  }
  const settled = async (changes: TableDescription = {}): Promise<SettledTable> => {
    const described = await describe_(changes)
    if (described?.phase !== 'settled') throw new Error(`It is ${described?.phase}`)
    return described
  }
  /** What the error says of the answer. */
  const problemOf = async (changes: TableDescription): Promise<string> => {
    const error = await describe_(changes).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      message: 'DynamoDB\'s answer to DescribeTable on "users" cannot be understood.',
      remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
    })
    return ((error as RemedyError).cause as Error).message
  }

  it('brings what AWS says into normal form: absent billing is provisioned, absent protection is off', async () => {
    expect(await describe_()).toEqual({
      tableStatus: 'ACTIVE',
      phase: 'settled',
      changesUnderWay: [],
      arn,
      id: 'id',
      keys: { partitionKey: { name: 'tenant_id', type: 'S' }, sortKey: { name: 'user_id', type: 'N' } },
      billingMode: 'PROVISIONED',
      deletionProtection: false,
      replicas: [],
      unmanaged: [],
    })
  })

  it('knows a table on demand, protected, without sort key and id', async () => {
    const { TableId: _, ...withoutId } = active
    aws.on(DescribeTableCommand).resolves({
      Table: {
        ...withoutId,
        KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
        BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
        DeletionProtectionEnabled: true,
        CreationDateTime: new Date(Date.UTC(2026, 0, 1)),
      },
    })
    expect(await dynamoDb.describeTable('users')).toEqual({
      tableStatus: 'ACTIVE',
      phase: 'settled',
      changesUnderWay: [],
      arn,
      createdAt: Date.UTC(2026, 0, 1),
      keys: { partitionKey: { name: 'tenant_id', type: 'S' } },
      billingMode: 'PAY_PER_REQUEST',
      deletionProtection: true,
      replicas: [],
      unmanaged: [],
    })
  })

  it.each<[string, TableDescription]>([
    ['settled', { SSEDescription: { Status: 'ENABLED' } }],
    ['settled', { GlobalSecondaryIndexes: [{ IndexName: 'i', IndexStatus: 'ACTIVE' }, { IndexName: 'j' }] }],
    ['changing', { TableStatus: 'CREATING' }],
    ['changing', { TableStatus: 'UPDATING' }],
    ['settled', { SSEDescription: { Status: 'UPDATING' } }],
    ['settled', { GlobalSecondaryIndexes: [{ IndexName: 'i', IndexStatus: 'CREATING' }] }],
    ['unavailable', { TableStatus: 'DELETING' }],
    ['unavailable', { TableStatus: 'ARCHIVED' }],
    ['unavailable', { TableStatus: 'INACCESSIBLE_ENCRYPTION_CREDENTIALS' }],
    ['unavailable', { TableStatus: 'ARCHIVING' }],
  ])('a table is %s with %j', async (phase, changes) => {
    expect((await describe_(changes))?.phase).toBe(phase)
  })

  it.each<[TableDescription, DescribedTable['changesUnderWay']]>([
    [
      {
        GlobalSecondaryIndexes: [
          { IndexName: 'by-email', IndexStatus: 'CREATING' },
          { IndexName: 'i', IndexStatus: 'ACTIVE' },
        ],
      },
      [{ part: 'index', name: 'by-email', status: 'CREATING' }],
    ],
    [
      { GlobalSecondaryIndexes: [{ IndexName: 'i', IndexStatus: 'ACTIVE', WarmThroughput: { Status: 'UPDATING' } }] },
      [{ part: 'warm throughput', name: 'i', status: 'UPDATING' }],
    ],
    [
      {
        Replicas: [
          { RegionName: 'eu-west-1', ReplicaStatus: 'DELETING' },
          { RegionName: 'eu-west-2', ReplicaStatus: 'UPDATING' },
          { RegionName: 'eu-west-3', ReplicaStatus: 'ACTIVE' },
        ],
      },
      [
        { part: 'replica', name: 'eu-west-1', status: 'DELETING' },
        { part: 'replica', name: 'eu-west-2', status: 'UPDATING' },
      ],
    ],
    [{ SSEDescription: { Status: 'ENABLING' } }, [{ part: 'encryption', status: 'ENABLING' }]],
    [{ SSEDescription: { Status: 'DISABLING' } }, [{ part: 'encryption', status: 'DISABLING' }]],
    [{ WarmThroughput: { Status: 'UPDATING' } }, [{ part: 'warm throughput', status: 'UPDATING' }]],
    // These never end by themselves, so no step waits for them.
    [{ Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATION_FAILED' }] }, []],
    [{ Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'REGION_DISABLED' }] }, []],
  ])('a table with %j is ACTIVE, with these changes under way: %j', async (changes, expected) => {
    expect(await describe_(changes)).toMatchObject({ phase: 'settled', changesUnderWay: expected })
  })

  it('names a stream only while it is on, though its ARN lingers', async () => {
    const LatestStreamArn = `${arn}/stream/1`
    const on = await settled({
      LatestStreamArn,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    })
    expect([on.streamArn, on.unmanaged]).toEqual([LatestStreamArn, [{ path: 'stream', value: 'NEW_IMAGE' }]])
    const off = await settled({ LatestStreamArn, StreamSpecification: { StreamEnabled: false } })
    expect([off.streamArn, off.unmanaged]).toEqual([undefined, []])
  })

  it('lists what no definition mentions, in a fixed order', async () => {
    const { unmanaged } = await settled({
      GlobalSecondaryIndexes: [{ IndexName: 'z' }, { IndexName: 'a' }],
      LocalSecondaryIndexes: [{ IndexName: 'local' }],
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      SSEDescription: { Status: 'ENABLED', KMSMasterKeyArn: 'arn:key' },
      Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }],
    })
    expect(unmanaged.map(({ path, value }) => `${path}=${value}`)).toEqual([
      'globalIndex=a',
      'globalIndex=z',
      'localIndex=local',
      'tableClass=STANDARD_INFREQUENT_ACCESS',
      'encryptionKey=arn:key',
      'replica=eu-west-1',
    ])
  })

  it('lists the replicas of other regions with their state, in a fixed order', async () => {
    const { unmanaged, replicas } = await settled({
      Replicas: [
        { RegionName: 'us-east-1', ReplicaStatus: 'CREATION_FAILED' },
        { RegionName: 'ap-south-1', ReplicaStatus: 'ACTIVE' },
        { RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' },
      ],
    })
    expect(replicas).toEqual([
      { region: 'eu-west-1', status: 'ACTIVE' },
      { region: 'us-east-1', status: 'CREATION_FAILED' },
    ])
    expect(unmanaged).toEqual([
      { path: 'replica', value: 'eu-west-1' },
      { path: 'replica', value: 'us-east-1' },
    ])
  })

  const { KeySchema: _, AttributeDefinitions: __, ...withoutKeys } = active

  it.each<TableDescription['TableStatus']>(['DELETING', 'ARCHIVED'])(
    'understands an answer without a key about a table that is %s, because AWS leaves it out then',
    async (TableStatus) => {
      aws.on(DescribeTableCommand).resolves({ Table: { ...withoutKeys, TableStatus } })
      expect(await dynamoDb.describeTable('users')).toEqual({
        tableStatus: TableStatus,
        phase: 'unavailable',
        changesUnderWay: [],
        arn,
        id: 'id',
      })
    },
  )

  it.each<TableDescription['TableStatus']>(['CREATING', 'UPDATING', 'ACTIVE'])(
    'does not understand an answer without a key about a table that is %s',
    async (TableStatus) => {
      aws.on(DescribeTableCommand).resolves({ Table: { ...withoutKeys, TableStatus } })
      await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({
        message: 'DynamoDB\'s answer to DescribeTable on "users" cannot be understood.',
        cause: { message: 'AttributeDefinitions must be a list, but is missing' },
      })
    },
  )

  const otherArns = {
    account: 'arn:aws:dynamodb:ap-south-1:333333333333:table/users',
    region: 'arn:aws:dynamodb:eu-west-1:222222222222:table/users',
    partition: 'arn:aws-cn:dynamodb:ap-south-1:222222222222:table/users',
    name: 'arn:aws:dynamodb:ap-south-1:222222222222:table/tenant',
  }
  it.each(Object.entries(otherArns))('refuses the ARN of a table of another %s, and names both', async (_, other) => {
    expect(await problemOf({ TableArn: other })).toBe(`TableArn must be ${arn}, but is "${other}"`)
  })

  it.each<[string, TableDescription]>([
    ['TableArn must be arn:', { TableArn: undefined }],
    ['TableArn must be arn:', { TableStatus: 'DELETING', TableArn: undefined }],
    ['TableStatus must be of type string, but is missing', { TableStatus: undefined }],
    ['KeySchema must be a list, but is missing', { KeySchema: undefined }],
    ['KeySchema must have one HASH', { KeySchema: [] }],
    ['KeySchema must have one HASH', { KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'RANGE' }] }],
    ['the KeyType of tenant_id', { KeySchema: [{ AttributeName: 'tenant_id', KeyType: undefined }] }],
    ['an AttributeName of KeySchema', { KeySchema: [{ AttributeName: undefined, KeyType: 'HASH' }] }],
    [
      'the AttributeType of user_id must be S or N or B, but is missing',
      { AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }] },
    ],
    ['BillingMode must be PAY_PER_REQUEST or PROVISIONED, but is missing', { BillingModeSummary: {} }],
    ['TableClass must be of type string, but is missing', { TableClassSummary: {} }],
    ['an IndexName of GlobalSecondaryIndexes', { GlobalSecondaryIndexes: [{}] }],
    ['an IndexName of LocalSecondaryIndexes', { LocalSecondaryIndexes: [{}] }],
    ['the RegionName of a replica', { Replicas: [{ ReplicaStatus: 'ACTIVE' }] }],
    ['the ReplicaStatus of the replica in eu-west-1', { Replicas: [{ RegionName: 'eu-west-1' }] }],
    ['LatestStreamArn', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }],
    ['StreamViewType', { StreamSpecification: { StreamEnabled: true }, LatestStreamArn: `${arn}/stream/1` }],
    [
      `LatestStreamArn must begin with ${arn}/stream/`,
      {
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
        LatestStreamArn: `${otherArns.account}/stream/1`,
      },
    ],
    ['CreationDateTime must be a time', { CreationDateTime: new Date(Number.NaN) }],
  ])('names what cannot be in an answer: %s', async (problem, changes) => {
    expect(await problemOf(changes)).toContain(problem)
  })

  it('is undefined where there is no such table', async () => {
    aws.on(DescribeTableCommand).rejects(refusal('ResourceNotFoundException'))
    expect(await dynamoDb.describeTable('users')).toBeUndefined()
  })

  it('takes an answer without a table for no absence: whoever gave it is not DynamoDB', async () => {
    aws.on(DescribeTableCommand).resolves({})
    await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({
      message: 'DynamoDB\'s answer to DescribeTable on "users" cannot be understood.',
      remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
    })
  })
})

describe('describeRecovery', () => {
  it("reads the recovery's own status, not that of continuous backups", async () => {
    const answer = (PointInTimeRecoveryStatus: 'ENABLED' | 'DISABLED', RecoveryPeriodInDays?: number) => ({
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED' as const,
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus,
          ...(RecoveryPeriodInDays === undefined ? {} : { RecoveryPeriodInDays }),
        },
      },
    })
    aws
      .on(DescribeContinuousBackupsCommand, { TableName: 'users' })
      .resolvesOnce(answer('DISABLED'))
      .resolvesOnce(answer('ENABLED', 7))
      .resolvesOnce(answer('ENABLED'))
    expect(await dynamoDb.describeRecovery('users')).toEqual({ enabled: false })
    expect(await dynamoDb.describeRecovery('users')).toEqual({ enabled: true, recoveryPeriodDays: 7 })
    expect(await dynamoDb.describeRecovery('users')).toEqual({ enabled: true, recoveryPeriodDays: 35 })
  })

  it.each<[string, DescribeContinuousBackupsOutput]>([
    ['without a description', {}],
    ['without a description of recovery', { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED' } }],
    [
      'without a status of recovery',
      { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED', PointInTimeRecoveryDescription: {} } },
    ],
  ])('does not take an answer %s for recovery that is off', async (_, answer) => {
    aws.on(DescribeContinuousBackupsCommand).resolves(answer)
    await expect(dynamoDb.describeRecovery('users')).rejects.toMatchObject({
      message: 'DynamoDB\'s answer to DescribeContinuousBackups on "users" cannot be understood.',
      cause: { message: 'PointInTimeRecoveryStatus must be ENABLED or DISABLED, but is missing' },
    })
  })

  it.each(['TableNotFoundException', 'ResourceNotFoundException'])('is undefined after %s', async (name) => {
    aws.on(DescribeContinuousBackupsCommand).rejects(refusal(name))
    expect(await dynamoDb.describeRecovery('users')).toBeUndefined()
  })
})

describe('listTags', () => {
  it('reads all pages', async () => {
    aws
      .on(ListTagsOfResourceCommand, { ResourceArn: arn })
      .resolvesOnce({ Tags: [{ Key: 'a', Value: '1' }], NextToken: 'more' })
      .resolvesOnce({
        Tags: [{ Key: 'b', Value: '' }],
      })
    expect(await dynamoDb.listTags(arn)).toEqual(
      new Map([
        ['a', '1'],
        ['b', ''],
      ]),
    )
    expect(aws.commandCalls(ListTagsOfResourceCommand).map(({ args }) => args[0].input.NextToken)).toEqual([
      undefined,
      'more',
    ])
  })

  it('says what it waited for when the deadline comes between two pages', async () => {
    let pages = 0
    aws.on(ListTagsOfResourceCommand).callsFake(() => {
      pages += 1
      if (pages === 3) run.stopNow(new StoppedError('The deadline passed.', 'Run again.'))
      return { Tags: [{ Key: `${pages}`, Value: '1' }], NextToken: `${pages}` }
    })
    await expect(dynamoDb.listTags(arn)).rejects.toMatchObject({
      message: `The deadline passed. It was waiting for ListTagsOfResource on "${arn}".`,
    })
    expect(pages).toBe(3)
  })

  it('does not page for ever where a token repeats', async () => {
    aws.on(ListTagsOfResourceCommand).resolves({ Tags: [], NextToken: 'again' })
    expect(await dynamoDb.listTags(arn)).toEqual(new Map())
    expect(aws.commandCalls(ListTagsOfResourceCommand)).toHaveLength(2)
  })

  it.each<[string, ListTagsOfResourceOutput]>([
    ['Tags must be a list, but is missing', {}],
    ['the Key of a tag must be of type string, but is missing', { Tags: [{ Key: undefined, Value: 'x' }] }],
    ['the Value of the tag team must be of type string, but is missing', { Tags: [{ Key: 'team', Value: undefined }] }],
  ])('does not take an answer that cannot be for a table without tags: %s', async (message, answer) => {
    aws.on(ListTagsOfResourceCommand).resolves(answer)
    await expect(dynamoDb.listTags(arn)).rejects.toMatchObject({
      message: `DynamoDB's answer to ListTagsOfResource on "${arn}" cannot be understood.`,
      cause: { message },
    })
  })

  it('is undefined where there is no such table', async () => {
    aws.on(ListTagsOfResourceCommand).rejects(refusal('ResourceNotFoundException'))
    expect(await dynamoDb.listTags(arn)).toBeUndefined()
  })

  it('is undefined, not half a set, where the table goes away between two pages', async () => {
    aws
      .on(ListTagsOfResourceCommand)
      .resolvesOnce({ Tags: [{ Key: 'a', Value: '1' }], NextToken: 'more' })
      .rejects(refusal('ResourceNotFoundException'))
    expect(await dynamoDb.listTags(arn)).toBeUndefined()
  })
})

describe('the writes say just what they mean', () => {
  it('createTable', async () => {
    aws.on(CreateTableCommand).resolves({})
    await dynamoDb.createTable({
      table: 'users',
      keys: { partitionKey: { name: 'tenant_id', type: 'S' }, sortKey: { name: 'user_id', type: 'S' } },
      billingMode: 'PAY_PER_REQUEST',
      deletionProtection: true,
      tags: [{ key: 'team', to: 'core' }],
    })
    expect(aws.commandCalls(CreateTableCommand)[0]?.args[0].input).toEqual({
      TableName: 'users',
      AttributeDefinitions: [
        { AttributeName: 'tenant_id', AttributeType: 'S' },
        { AttributeName: 'user_id', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'tenant_id', KeyType: 'HASH' },
        { AttributeName: 'user_id', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      Tags: [{ Key: 'team', Value: 'core' }],
    })
  })

  it('one UpdateTable, one concern', async () => {
    aws.on(UpdateTableCommand).resolves({})
    await dynamoDb.setDeletionProtection('users', true, whenever)
    await dynamoDb.setDeletionProtection('users', false, whenever)
    await dynamoDb.setBillingMode('users', 'PAY_PER_REQUEST', whenever)
    expect(aws.commandCalls(UpdateTableCommand).map(({ args }) => args[0].input)).toEqual([
      { TableName: 'users', DeletionProtectionEnabled: true },
      { TableName: 'users', DeletionProtectionEnabled: false },
      { TableName: 'users', BillingMode: 'PAY_PER_REQUEST' },
    ])
  })

  it('setRecovery names a period only when it turns recovery on', async () => {
    aws.on(UpdateContinuousBackupsCommand).resolves({})
    await dynamoDb.setRecovery('users', { enabled: true, recoveryPeriodDays: 35 }, whenever)
    await dynamoDb.setRecovery('users', { enabled: false }, whenever)
    const specifications = aws
      .commandCalls(UpdateContinuousBackupsCommand)
      .map(({ args }) => args[0].input.PointInTimeRecoverySpecification)
    expect(specifications).toEqual([
      { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
      { PointInTimeRecoveryEnabled: false },
    ])
  })

  it.each<[operation: string, answer: object]>([
    ['GetItem', { Item: { tenant_id: null } }],
    ['GetItem', { Item: { tenant_id: { S: 5 } } }],
    ['GetItem', { Item: 'x' }],
    ['Query', {}],
    ['Query', { Items: [null] }],
    ['Query', { Items: 'x' }],
    ['Query', { Items: [{ tenant_id: { S: ['x'] } }] }],
    ['Query', { Items: [], LastEvaluatedKey: 'x' }],
    ['Query', { Items: [{ tenant_id: { S: 'a' } }], LastEvaluatedKey: { tenant_id: { S: 'a' } } }],
  ])('an answer to %s that DynamoDB cannot have given is told as such: %j', async (operation, answer) => {
    aws.on(GetItemCommand).resolves(answer)
    aws.on(QueryCommand).resolves(answer)
    const reading =
      operation === 'GetItem' ? items().get('users', { tenant_id: 'a' }) : items().query('users', 'tenant_id', 'a')
    await expect(reading).rejects.toMatchObject({
      message: `DynamoDB's answer to ${operation} on "users" cannot be understood.`,
      remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
    })
    // A page that ends where the one before it did ends no paging.
    expect(aws.calls().length).toBeLessThan(3)
  })

  it('an item is written only where there is none with its key, and read and found consistently', async () => {
    aws.on(PutItemCommand).resolves({})
    aws.on(GetItemCommand).resolves({ Item: { tenant_id: { S: 'a' }, count: { N: '1' } } })
    aws
      .on(QueryCommand)
      .resolvesOnce({ Items: [{ user_id: { S: '1' } }], LastEvaluatedKey: { user_id: { S: '1' } } })
      .resolvesOnce({ Items: [{ user_id: { S: '2' } }] })
    await items().putIfAbsent('users', { tenant_id: 'a', user_id: '1' }, 'tenant_id')
    // Another kind of attribute is somebody else's, and not shown.
    await expect(items().get('users', { tenant_id: 'a' })).resolves.toEqual({ tenant_id: 'a' })
    await expect(items().query('users', 'tenant_id', 'a')).resolves.toEqual([{ user_id: '1' }, { user_id: '2' }])
    expect(aws.commandCalls(PutItemCommand)[0]?.args[0].input).toEqual({
      TableName: 'users',
      Item: { tenant_id: { S: 'a' }, user_id: { S: '1' } },
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': 'tenant_id' },
    })
    expect(aws.commandCalls(GetItemCommand)[0]?.args[0].input).toMatchObject({ ConsistentRead: true })
    const queries = aws.commandCalls(QueryCommand).map(({ args }) => args[0].input)
    expect(queries).toMatchObject([
      {
        ConsistentRead: true,
        KeyConditionExpression: '#key = :value',
        ExpressionAttributeValues: { ':value': { S: 'a' } },
      },
      { ExclusiveStartKey: { user_id: { S: '1' } } },
    ])
  })

  it('an item that is not there is undefined', async () => {
    aws.on(GetItemCommand).resolves({})
    await expect(items().get('users', { tenant_id: 'a' })).resolves.toBeUndefined()
  })

  it('tagTable', async () => {
    aws.on(TagResourceCommand).resolves({})
    await dynamoDb.tagTable(arn, [{ key: 'team', from: 'x', to: 'core' }], whenever)
    expect(aws.commandCalls(TagResourceCommand)[0]?.args[0].input).toEqual({
      ResourceArn: arn,
      Tags: [{ Key: 'team', Value: 'core' }],
    })
  })
})

describe('errors', () => {
  it('a denied call is made once, and its error names the action to allow', async () => {
    aws.on(DescribeTableCommand).rejects(refusal('AccessDeniedException'))
    await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({
      name: 'DynamoDbError',
      code: 'AccessDeniedException',
      message: 'DescribeTable on "users" failed.',
      remedy: expect.stringContaining('dynamodb:DescribeTable'),
    })
    expect(aws.calls()).toHaveLength(1)
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['DescribeTable', () => dynamoDb.describeTable('users'), 'users'],
    ['DescribeContinuousBackups', () => dynamoDb.describeRecovery('users'), 'users'],
    ['ListTagsOfResource', () => dynamoDb.listTags(arn), arn],
    ['UpdateTable', () => dynamoDb.setDeletionProtection('users', true, whenever), 'users'],
    ['UpdateTable', () => dynamoDb.setBillingMode('users', 'PAY_PER_REQUEST', whenever), 'users'],
    ['UpdateContinuousBackups', () => dynamoDb.setRecovery('users', { enabled: false }, whenever), 'users'],
    ['TagResource', () => dynamoDb.tagTable(arn, [], whenever), arn],
    ['DeleteTable', () => dynamoDb.deleteTable('users', whenever), 'users'],
    ['PutItem', () => items().putIfAbsent('users', { tenant_id: 'a' }, 'tenant_id'), 'users'],
    ['GetItem', () => items().get('users', { tenant_id: 'a' }), 'users'],
    ['Query', () => items().query('users', 'tenant_id', 'a'), 'users'],
    ['DeleteItem', () => items().delete('users', { tenant_id: 'a' }), 'users'],
  ])('a denied %s is made once, and says which action to allow on what', async (operation, call, resource) => {
    aws.rejects(refusal('AccessDeniedException'))
    await expect(call()).rejects.toMatchObject({
      message: `${operation} on "${resource}" failed.`,
      remedy: expect.stringContaining(`Allow dynamodb:${operation} on "${resource}"`),
      statements: [expect.stringMatching(/^\{"Effect":"Allow",/)],
    })
    expect(aws.calls()).toHaveLength(1)
  })

  it.each([
    'KMS key access denied error: com.amazonaws.services.kms.model.KMSInvalidStateException',
    'User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x',
  ])('what a KMS key denies is no matter of DynamoDB, and gets no statement: %s', async (message) => {
    aws.rejects(refusal('AccessDeniedException', message))
    await expect(dynamoDb.itemsWithin(aRun()).get('users', { tenant_id: 'a' })).rejects.toMatchObject({
      remedy: expect.stringMatching(/^Allow what AWS names below.*KMS key of "users".*restrict-session/),
      statements: [],
    })
  })

  it('a table that replicas were copied from is not deleted again at once, and its error says to delete the replicas first', async () => {
    const message =
      'Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.'
    aws.on(DeleteTableCommand).rejects(refusal('ValidationException', message))
    await expect(dynamoDb.deleteTable('users', whenever)).rejects.toMatchObject({
      code: 'ValidationException',
      remedy:
        'Delete the replicas of "users" in other regions and run again when they are gone, or run again 24 hours after the last of them was added.',
    })
    expect(aws.calls()).toHaveLength(1)
  })

  it.each([
    ['with an explicit deny in an identity-based policy', "Narrow the Deny statement in the caller's policies"],
    ['with an explicit deny in a resource-based policy', 'of a table, of a KMS key'],
    ['with an explicit deny in a service control policy', 'Ask the administrators of the AWS organization'],
    ['with an explicit deny in a resource control policy', 'Ask the administrators of the AWS organization'],
    ['with an explicit deny in a permissions boundary: arn:aws:iam::1:policy/b', 'Change the permissions boundary'],
    ['with an explicit deny in a session policy', 'Leave restrict-session out'],
    ['because no session policy allows the dynamodb:DescribeTable action', 'Leave restrict-session out'],
    ['because no permissions boundary allows the dynamodb:DescribeTable action', 'Change the permissions boundary'],
    [
      'because no service control policy allows the dynamodb:DescribeTable action',
      'administrators of the AWS organization',
    ],
    ['because no VPC endpoint policy allows the dynamodb:DescribeTable action', 'policy of the VPC endpoint'],
  ])(
    'a denial %s is explained by that policy, without an Allow statement that would not help',
    async (words, explained) => {
      const message = `User: x is not authorized to perform: dynamodb:DescribeTable on resource: y ${words}`
      aws.rejects(refusal('AccessDeniedException', message))
      const denied: unknown = await dynamoDb.describeTable('users').catch((error: unknown) => error)
      expect(denied).toMatchObject({ remedy: expect.stringContaining(explained), statements: [] })
      expect(denied).toMatchObject({ remedy: expect.not.stringContaining('Allow dynamodb:') })
    },
  )

  it('a denial for want of an Allow statement offers it', async () => {
    const message = 'x because no identity-based policy allows the dynamodb:DescribeTable action'
    aws.rejects(refusal('AccessDeniedException', message))
    await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({
      remedy: expect.stringContaining('Allow dynamodb:DescribeTable on "users"'),
      statements: [expect.stringContaining('dynamodb:DescribeTable')],
    })
  })

  it('an error from before any request is reported as a wrong setting, not as an answer of AWS', async () => {
    aws.rejects(Object.assign(new Error('Invalid Configuration: x'), { name: 'EndpointError' }))
    await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({
      message: 'DescribeTable on "users" failed.',
      remedy: expect.stringMatching(/^The AWS SDK sent no request\. Correct the setting that it names below/),
    })
  })

  it('an endpoint that the SDK cannot work out is reported as a wrong setting', async () => {
    process.env.AWS_USE_FIPS_ENDPOINT = 'true'
    process.env.AWS_ENDPOINT_URL_DYNAMODB = 'http://127.0.0.1:9'
    const loading = load()
    await expect(loading).rejects.toMatchObject({
      message: 'The AWS SDK found no endpoint of DynamoDB.',
      remedy: expect.stringMatching(/^The AWS SDK sent no request\. Correct the setting that it names below/),
      cause: { message: expect.stringContaining('FIPS and custom endpoint are not supported') },
    })
    delete process.env.AWS_USE_FIPS_ENDPOINT
    delete process.env.AWS_ENDPOINT_URL_DYNAMODB
  })

  it('a denied call hands out the statement that would allow it, for this table alone', async () => {
    aws.rejects(refusal('AccessDeniedException'))
    const statement = async (port: DynamoDb, table: string) => {
      const denied: unknown = await port.describeTable(table).catch((error: unknown) => error)
      if (!(denied instanceof RemedyError)) throw new Error('It was not denied')
      return denied.statements.map((each) => JSON.parse(each))
    }
    const Action = ['dynamodb:DescribeTable']
    expect(await statement(dynamoDb, 'users')).toEqual([{ Effect: 'Allow', Action, Resource: arn }])
    expect(await statement(dynamoDb, arn)).toEqual([{ Effect: 'Allow', Action, Resource: arn }])
  })

  const create = () =>
    dynamoDb.createTable({
      table: 'users',
      keys: { partitionKey: { name: 'tenant_id', type: 'S' } },
      billingMode: 'PAY_PER_REQUEST',
      deletionProtection: false,
      tags: [],
    })

  it('a table that is made with tags needs the right to tag as well', async () => {
    aws.on(CreateTableCommand).rejects(refusal('AccessDeniedException'))
    await expect(create()).rejects.toMatchObject({ remedy: expect.stringContaining('dynamodb:TagResource') })
  })

  it.each([
    ['UnrecognizedClientException', 'region'],
    ['LimitExceededException', 'limit'],
    ['ExpiredTokenException', 'clock'],
    ['ValidationException', 'what was done so far is kept'],
  ])('%s says what to do', async (name, word) => {
    aws.on(DescribeTableCommand).rejects(refusal(name))
    await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({ remedy: expect.stringContaining(word) })
  })

  it('what passes is tried again', async () => {
    aws
      .on(DescribeContinuousBackupsCommand)
      .rejectsOnce(refusal('ContinuousBackupsUnavailableException'))
      .rejectsOnce(refusal('ThrottlingException', 'Rate exceeded'))
      .rejects(refusal('TableNotFoundException'))
    expect(await dynamoDb.describeRecovery('users')).toBeUndefined()
    expect(aws.calls()).toHaveLength(3)
  })

  it.each([
    ['ThrottlingException', refusal('ThrottlingException', 'Rate exceeded')],
    ['ContinuousBackupsUnavailableException', refusal('ContinuousBackupsUnavailableException')],
    ['InternalServerError', refusal('InternalServerError')],
    ['the page of a proxy', Object.assign(refusal('Error'), { $metadata: { httpStatusCode: 502 } })],
    ['a connection that was reset', Object.assign(refusal('Error'), { code: 'ECONNRESET' })],
    ['no answer in time', refusal('TimeoutError')],
    ['too many changes at once', refusal('LimitExceededException', 'Subscriber limit: simultaneously 500')],
  ])('%s passes, so the call is made again', async (_, failure) => {
    aws.on(CreateTableCommand).rejectsOnce(failure).resolves({})
    await create()
    expect([aws.calls().length, run.clock.sleeps.length]).toEqual([2, 1])
  })

  describe('a look that is too old', () => {
    const late = () => dynamoDb.deleteTable('users', run.clock.now() + 5000)
    const stale = { name: 'StaleLookError', message: expect.stringContaining('DeleteTable on "users" was not sent') }

    it('sends no change', async () => {
      aws.on(DeleteTableCommand).resolves({})
      await late()
      expect(aws.calls()).toHaveLength(1)
      await expect(dynamoDb.deleteTable('users', run.clock.now() - 1)).rejects.toMatchObject(stale)
      expect(aws.calls()).toHaveLength(1)
    })

    it.each([
      ['InternalServerError', refusal('InternalServerError')],
      ['the page of a proxy', Object.assign(refusal('Error'), { $metadata: { httpStatusCode: 502 } })],
      ['a connection that was reset', Object.assign(refusal('Error'), { code: 'ECONNRESET' })],
      ['no answer in time', refusal('TimeoutError')],
    ])('is every look, where the change may have been done: %s', async (_, cause) => {
      aws.on(DeleteTableCommand).rejects(cause)
      await expect(dynamoDb.deleteTable('users', whenever)).rejects.toMatchObject({ name: 'DynamoDbError', cause })
      expect([aws.calls().length, run.clock.sleeps.length]).toEqual([1, 0])
    })

    it.each([
      ['ThrottlingException', refusal('ThrottlingException', 'Rate exceeded')],
      ['ContinuousBackupsUnavailableException', refusal('ContinuousBackupsUnavailableException')],
      ['too many changes at once', refusal('LimitExceededException', 'Subscriber limit: simultaneously 500')],
    ])('sends none again, and until then it is sent again where it was not done: %s', async (_, cause) => {
      aws.on(DeleteTableCommand).rejects(cause)
      const start = run.clock.now()
      await expect(late()).rejects.toMatchObject({ name: 'DynamoDbError', cause })
      expect(run.clock.now() - start).toBeLessThanOrEqual(5000)
      expect(aws.calls().length).toBeGreaterThan(2)
      expect(run.clock.sleeps).toHaveLength(aws.calls().length - 1)
    })

    it('sends none after a wait for its turn', async () => {
      const others = Array.from({ length: 5 }, () => dynamoDb.setBillingMode('tenant', 'PAY_PER_REQUEST', whenever))
      aws.on(UpdateTableCommand).callsFake(async () => await run.clock.sleep(6000, run.stop))
      const deletion = late()
      await expect(deletion).rejects.toMatchObject(stale)
      await Promise.all(others)
      expect(aws.commandCalls(DeleteTableCommand)).toEqual([])
    })

    it('sends none after a session that had to be renewed', async () => {
      dynamoDb = (await load())(async () => {
        if (aws.calls().length > 0) await run.clock.sleep(6000, run.stop)
        return { accessKeyId: 'a', secretAccessKey: 'b' }
      }, arnOf)
      aws.on(DeleteTableCommand).rejectsOnce(refusal('ExpiredTokenException')).resolves({})
      await expect(late()).rejects.toMatchObject(stale)
      expect(aws.calls()).toHaveLength(1)
    })

    it('sends none after credentials that were slow to come', async () => {
      dynamoDb = (await load())(async () => {
        await run.clock.sleep(6000, run.stop)
        return { accessKeyId: 'a', secretAccessKey: 'b' }
      }, arnOf)
      await expect(late()).rejects.toMatchObject(stale)
      expect(aws.calls()).toEqual([])
    })
  })

  it.each([
    ['ValidationException', refusal('ValidationException')],
    ['ResourceInUseException', refusal('ResourceInUseException')],
    ['UnrecognizedClientException', refusal('UnrecognizedClientException')],
    ['a quota', refusal('LimitExceededException', 'Too many tables')],
    ['tags that are locked', refusal('LimitExceededException', 'Table tags are being updated')],
    ['a spent budget', refusal('LimitExceededException', 'Encryption mode changes are limited')],
    ['a refused connection', Object.assign(refusal('Error'), { code: 'ECONNREFUSED' })],
  ])('%s stays, so the call is made once', async (_, failure) => {
    aws.on(TagResourceCommand).rejects(failure)
    await expect(dynamoDb.tagTable(arn, [], whenever)).rejects.toMatchObject({ name: 'DynamoDbError', cause: failure })
    expect([aws.calls().length, run.clock.sleeps.length]).toEqual([1, 0])
  })

  it('a session that ended early is renewed once', async () => {
    aws
      .on(DescribeTableCommand)
      .rejectsOnce(refusal('ExpiredTokenException'))
      .resolves({ Table: { TableArn: arn, TableStatus: 'DELETING' } })
    expect(await dynamoDb.describeTable('users')).toMatchObject({ tableStatus: 'DELETING' })
    expect(walks).toBe(2)

    aws.on(DescribeTableCommand).rejects(refusal('ExpiredTokenException'))
    await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({ code: 'ExpiredTokenException' })
    expect([walks, aws.calls().length]).toEqual([3, 4])
  })

  it('a session that ended early is renewed once for all calls, also for one that finds out when that is done', async () => {
    let foundOut: (() => void) | undefined
    const late = new Promise<void>((resolve) => {
      foundOut = resolve
    })
    aws.on(DescribeTableCommand).callsFake(async ({ TableName }) => {
      const isOld = walks === 1
      if (TableName === 'users') await late
      if (isOld) throw refusal('ExpiredTokenException')
      return { Table: { TableArn: arnOf(String(TableName)), TableStatus: 'DELETING' } }
    })
    const calls = [dynamoDb.describeTable('users'), dynamoDb.describeTable('tenant')]
    await calls[1]
    foundOut?.()
    await calls[0]
    expect([walks, aws.calls().length]).toEqual([2, 4])
  })

  it('a refusal after an answer that was lost says so', async () => {
    aws.on(CreateTableCommand).rejectsOnce(refusal('InternalServerError')).rejects(refusal('ResourceInUseException'))
    await expect(create()).rejects.toMatchObject({ code: 'ResourceInUseException', isOutcomeUnknown: true })
    aws.on(CreateTableCommand).rejects(refusal('ResourceInUseException'))
    await expect(create()).rejects.toMatchObject({ isOutcomeUnknown: false })
    aws.on(TagResourceCommand).rejects(refusal('InternalServerError'))
    await expect(dynamoDb.tagTable(arn, [], whenever)).rejects.toMatchObject({ isOutcomeUnknown: true })
  })

  it.each<[string, Error, boolean]>([
    ["DynamoDB's own no", refusal('ValidationException'), false],
    ['a page that came in between', Object.assign(new Error('<'), { $metadata: { httpStatusCode: 200 } }), true],
    ['a network that is gone', Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' }), true],
  ])('after %s a write may have been done: %s', async (_, error, isOutcomeUnknown) => {
    aws.on(CreateTableCommand).rejectsOnce(refusal('InternalServerError')).rejects(error)
    await expect(create()).rejects.toMatchObject({ isOutcomeUnknown: true })
    await expect(create()).rejects.toMatchObject({ isOutcomeUnknown })
  })

  it('credentials that cannot be renewed say what to do in their own words', async () => {
    const gone = new StoppedError('No session.', 'Log in.')
    const unlucky = (await load())(async () => {
      if (aws.calls().length > 0) throw gone
      return { accessKeyId: 'a', secretAccessKey: 'b' }
    }, arnOf)
    aws.on(DescribeTableCommand).rejects(refusal('ExpiredTokenException'))
    await expect(unlucky.describeTable('users')).rejects.toBe(gone)
    expect(aws.calls()).toHaveLength(1)
  })

  it('every call is given up with the run, never tried again by the SDK, and goes to one host', async () => {
    aws.on(UpdateTableCommand).resolves({})
    await dynamoDb.setDeletionProtection('users', true, whenever)
    const call = aws.commandCalls(UpdateTableCommand)[0]
    if (call === undefined) throw new Error('A call was expected')
    const args: readonly unknown[] = call.args
    expect(args[1]).toEqual({ abortSignal: run.abort })
    const { config } = call.thisValue as DynamoDBClient
    expect(await config.maxAttempts()).toBe(1)
    expect(await (config.accountIdEndpointMode as () => Promise<string>)()).toBe('disabled')
  })

  it('a run that was stopped while a call waits to be made again says what stood in the way', async () => {
    const throttled = refusal('ThrottlingException', 'Rate exceeded')
    aws.on(DescribeTableCommand).callsFake(async () => {
      run.stopNow(new StoppedError('cancelled', 'run again'))
      throw throttled
    })
    await expect(dynamoDb.describeTable('users')).rejects.toMatchObject({
      name: 'StoppedError',
      message: 'cancelled It was waiting for DescribeTable on "users".',
      cause: throttled,
    })
  })

  it('a run that was stopped before the call says which call it did not make', async () => {
    const reason = new StoppedError('cancelled', 'run again')
    run.stopNow(reason)
    await expect(dynamoDb.describeTable('users')).rejects.toEqual(reason.whileWaitingFor('DescribeTable on "users"'))
  })
})
