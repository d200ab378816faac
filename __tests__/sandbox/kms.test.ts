/** KMS in the sandbox, and what DynamoDB makes of its keys. */
import { KMS } from '@aws-sdk/client-kms'
import { aTable, type Harness, hub, refusal, region, startHarness, target, userKey } from './harness.ts'

const id = '11111111-2222-3333-4444-555555555555'
const arnOf = (keyId: string, account = target, at = region) => `arn:aws:kms:${at}:${account}:key/${keyId}`
const keys = [
  { account: target, region, id, aliases: ['alias/tables', 'alias/second'] },
  { account: target, region, id: 'rsa', aliases: ['alias/rsa'], spec: 'RSA_2048' },
  { account: target, region, id: 'disabled', isDisabled: true },
  { account: target, region, id: 'denied', aliases: ['alias/denied'], deniedActions: ['kms:DescribeKey'] },
  { account: target, region, id: 'no-grant', deniedActions: ['kms:CreateGrant'] },
  { account: hub, region, id: 'of-hub' },
]
let harness: Harness
const clients: KMS[] = []

function kms(account = target): KMS {
  const credentials = userKey(account)
  const client = new KMS({ endpoint: harness.sandbox.url, region, credentials, maxAttempts: 1 })
  clients.push(client)
  return client
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await harness.close()
})

describe('with keys', () => {
  beforeEach(async () => {
    harness = await startHarness({ keys })
  })

  it.each([id, arnOf(id), 'alias/tables', `arn:aws:kms:${region}:${target}:alias/second`])(
    'DescribeKey finds a key by %s',
    async (KeyId) => {
      const { KeyMetadata } = await kms().describeKey({ KeyId })
      expect(KeyMetadata).toMatchObject({ Arn: arnOf(id), KeyId: id, KeyManager: 'CUSTOMER', KeyState: 'Enabled' })
    },
  )

  it('DescribeKey finds the key that AWS manages for DynamoDB, one in each account', async () => {
    const describe = (account: string) => kms(account).describeKey({ KeyId: 'alias/aws/dynamodb' })
    const [mine, theirs] = [await describe(target), await describe(hub)]
    expect(mine.KeyMetadata).toMatchObject({ AWSAccountId: target, KeyManager: 'AWS' })
    expect(theirs.KeyMetadata?.Arn).toContain(`:${hub}:key/`)
  })

  it.each([
    ['alias/missing', `NotFoundException: Alias arn:aws:kms:${region}:${target}:alias/missing is not found.`],
    ['missing', `NotFoundException: Key '${arnOf('missing')}' does not exist`],
    [arnOf(id, target, 'us-east-1'), 'NotFoundException: Invalid arn us-east-1'],
    [
      'alias/denied',
      /^AccessDeniedException: User: .*:user\/deployer is not authorized to perform: kms:DescribeKey on/,
    ],
    [arnOf('of-hub', hub, region).replace('of-hub', 'nobody'), /^AccessDeniedException: /],
  ])('DescribeKey refuses %s', async (KeyId, expected) => {
    expect(await refusal(kms().describeKey({ KeyId }))).toMatch(expected)
  })

  it('other operations are unknown', async () => {
    expect(await refusal(kms().listKeys({}))).toMatch(/^UnknownOperationException/)
  })

  it('an alias can be given to another key', async () => {
    harness.sandbox.account(target, region).setKeyAlias('alias/tables', 'rsa')
    const { KeyMetadata } = await kms().describeKey({ KeyId: 'alias/tables' })
    expect(KeyMetadata).toMatchObject({ Arn: arnOf('rsa'), KeySpec: 'RSA_2048' })
  })

  it.each([
    ['missing', /^ValidationException: KMS validation error: .*NotFoundException: Key '.*' does not exist/],
    ['alias/missing', /^ValidationException: KMS validation error: .*NotFoundException: Alias .* is not found/],
    [arnOf(id, target, 'us-east-1'), /^ValidationException: KMS validation error: .*Invalid arn us-east-1/],
    ['disabled', /^ValidationException: KMS key disabled error: .*key\/disabled is disabled/],
    ['rsa', /^InternalServerError: KMS internal error: .*EncryptionContext is supported only/],
    ['no-grant', /^AccessDeniedException: KMS key access denied error: .*kms:CreateGrant on resource: .*key\/no-grant/],
  ])(
    'CreateTable and UpdateTable refuse the key %s, and change nothing (020, 021)',
    async (KMSMasterKeyId, expected) => {
      const SSESpecification = { Enabled: true, SSEType: 'KMS', KMSMasterKeyId } as const
      const dynamoDb = harness.dynamoDb()
      expect(await refusal(dynamoDb.createTable(aTable({ SSESpecification })))).toMatch(expected)
      await dynamoDb.createTable(aTable())
      harness.advance(60)
      const update = () => dynamoDb.updateTable({ TableName: 'tenant', SSESpecification })
      // Refusals do not spend the budget of four changes (139).
      for (let tries = 0; tries < 5; tries += 1) expect(await refusal(update())).toMatch(expected)
      harness.sandbox.account(target, region).exhaustBudget('tenant', 'encryption')
      expect(await refusal(update())).toMatch(/^LimitExceededException/)
    },
  )

  it('the log has the actions on keys with the values of their condition keys', async () => {
    await kms().describeKey({ KeyId: `arn:aws:kms:${region}:${target}:alias/second` })
    const SSESpecification = { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: id } as const
    const dynamoDb = harness.dynamoDb()
    await dynamoDb.createTable(aTable({ SSESpecification }))
    harness.advance(60)
    await dynamoDb.getItem({ TableName: 'tenant', Key: { tenant_id: { S: 'a' } } })
    const [described, created, read] = harness.sandbox.requests
    const aliases = ['alias/tables', 'alias/second']
    expect(described).toMatchObject({ service: 'kms', operation: 'DescribeKey', input: { KeyId: expect.any(String) } })
    expect(described?.actions).toEqual([
      {
        action: 'kms:DescribeKey',
        resource: arnOf(id),
        context: { 'kms:ResourceAliases': aliases, 'kms:RequestAlias': 'alias/second' },
      },
    ])
    const context = { 'kms:ViaService': `dynamodb.${region}.amazonaws.com`, 'kms:ResourceAliases': aliases }
    expect(created?.actions).toContainEqual({ action: 'kms:CreateGrant', resource: arnOf(id), context })
    expect(read?.actions[1]).toEqual({ action: 'kms:Decrypt', resource: arnOf(id), context })
  })
})

it('without keys, every id and alias is that of a key', async () => {
  harness = await startHarness()
  const { KeyMetadata } = await kms().describeKey({ KeyId: 'alias/mine' })
  expect(KeyMetadata?.Arn).toBe(arnOf('mine'))
})

it('an access key that is unknown or signed for another service is refused as by other JSON services', async () => {
  harness = await startHarness()
  const credentials = { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' }
  const client = new KMS({ endpoint: harness.sandbox.url, region, credentials, maxAttempts: 1 })
  clients.push(client)
  expect(await refusal(client.describeKey({ KeyId: 'x' }))).toMatch(/^UnrecognizedClientException/)
})
