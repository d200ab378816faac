import * as v from 'valibot'
import { classifyFailure } from '../../../src/aws/failures.ts'
import { renderError } from '../../../src/errors/description.ts'
import { type Encryption, sseSpecification } from '../../../src/table/properties/sse-specification.ts'
import { aTable, aTarget, comparison, readDescribed } from '../../support/builders.ts'
import { startSandboxRuns } from '../../support/sandbox-runs.ts'

const target = aTarget()
const id = '11111111-2222-3333-4444-555555555555'
const otherId = '66666666-7777-8888-9999-000000000000'
const arnOf = (keyId: string, region = target.region) => `arn:aws:kms:${region}:${target.account}:key/${keyId}`
const aliasArn = `arn:aws:kms:${target.region}:${target.account}:alias/tables`
const awsManagedArn = arnOf('00000000-0000-4000-8000-0000000000aa')

const { account, region } = target
const { apply, change, hands, sandbox } = await startSandboxRuns({
  keys: [
    { account, region, id, aliases: ['alias/tables', 'alias/moving'] },
    { account, region, id: otherId, aliases: ['alias/other'] },
    { account, region, id: 'aaaaaaaa-0000-0000-0000-000000000000', aliases: ['alias/rsa'], spec: 'RSA_2048' },
    { account, region, id: 'bbbbbbbb-0000-0000-0000-000000000000', isDisabled: true },
  ],
})

const awsOwned: Encryption = { SSEEnabled: false }
const awsManaged: Encryption = { SSEEnabled: true, KMSMasterKeyId: awsManagedArn, KeyManager: 'AWS' }
const withKey = (keyId: string): Encryption => ({
  SSEEnabled: true,
  KMSMasterKeyId: arnOf(keyId),
  KeyManager: 'CUSTOMER',
})
const observedKey = (keyId: string): Encryption => ({ SSEEnabled: true, KMSMasterKeyId: arnOf(keyId) })

describe('changes', () => {
  const changes = (from: Encryption, to: Encryption) => sseSpecification.changes(from, to, comparison)

  it('encrypts with another key by one safe step', () => {
    for (const [from, to] of [
      [awsOwned, withKey(id)],
      [observedKey(id), withKey(otherId)],
      [observedKey(id), awsManaged],
    ] as const) {
      expect(changes(from, to)).toEqual([{ kind: 'update', from, to, risk: 'safe' }])
    }
  })

  it('changes nothing for the same key, which DynamoDB would encrypt the table with again', () => {
    const same = [
      changes(awsOwned, awsOwned),
      changes(observedKey(id), withKey(id)),
      changes({ SSEEnabled: true, KMSMasterKeyId: awsManagedArn }, awsManaged),
    ]
    expect(same).toEqual([[], [], []])
  })

  it('warns where a key of the account is replaced by one that AWS owns', () => {
    expect(changes(observedKey(id), awsOwned)).toEqual([
      {
        kind: 'update',
        from: observedKey(id),
        to: awsOwned,
        risk: 'safe',
        warning: expect.stringMatching(new RegExp(`instead of ${arnOf(id)}: .*Keep that key enabled`)),
      },
    ])
  })
})

it.each([
  [undefined, awsOwned],
  [{ Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: arnOf(id) } as const, observedKey(id)],
  [{ Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: arnOf(id) } as const, observedKey(id)],
  [{ Status: 'ENABLING', KMSMasterKeyArn: arnOf(id) } as const, observedKey(id)],
  // While encryption is turned on or off, the key is missing for some seconds.
  [{ Status: 'UPDATING' } as const, awsOwned],
  [{ Status: 'DISABLED', KMSMasterKeyArn: arnOf(id) } as const, awsOwned],
])('reads %j', (SSEDescription, value) => {
  expect(readDescribed(sseSpecification, { SSEDescription })).toEqual(value)
})

it('shows who owns the key, or its ARN', () => {
  const shown = [awsOwned, awsManaged, withKey(id), { SSEEnabled: true }].map(sseSpecification.settings)
  expect(shown.map(([setting]) => setting)).toEqual(
    ['AWS owned key', 'AWS managed key', arnOf(id), 'AWS managed key'].map((value) => ({
      name: 'encryption',
      value,
    })),
  )
})

it('sends the ARN of a key with its type, and no key for one that AWS owns or manages', () => {
  const sent = [withKey(id), awsManaged, awsOwned].map((to) =>
    sseSpecification.request?.({ name: 'users', arn: 'arn' }, { from: awsOwned, to }),
  )
  expect(sent.map((request) => request?.operation)).toEqual(['UpdateTable', 'UpdateTable', 'UpdateTable'])
  expect(sent.map((request) => request?.input)).toEqual(
    [
      { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: arnOf(id) },
      { Enabled: true, SSEType: 'KMS' },
      { Enabled: false },
    ].map((SSESpecification) => ({ TableName: 'users', SSESpecification })),
  )
})

describe('is declared', () => {
  const { declaration } = sseSpecification
  const field = declaration?.fields.SSESpecification
  if (declaration === undefined || field === undefined) throw new Error('The declaration has a field')

  it.each<[object, Encryption]>([
    [{ SSEEnabled: false }, awsOwned],
    [{ SSEEnabled: true }, { SSEEnabled: true }],
    [{ SSEEnabled: true, SSEType: 'KMS' }, { SSEEnabled: true }],
    ...[id, `mrk-${'0'.repeat(32)}`, arnOf(id), 'alias/tables', aliasArn, 'alias/a/b_c-1'].map(
      (KMSMasterKeyId): [object, Encryption] => [
        { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId },
        { SSEEnabled: true, KMSMasterKeyId },
      ],
    ),
  ])('as %j', (given, value) => {
    expect(declaration.normalize({ SSESpecification: v.parse(field, given) }, new Map())).toEqual(value)
  })

  it.each([
    {},
    { SSEEnabled: true, SSEType: 'AES256' },
    { SSEEnabled: true, KMSMasterKeyId: 'tables' },
    { SSEEnabled: true, KMSMasterKeyId: `key/${id}` },
    { SSEEnabled: true, KMSMasterKeyId: `arn:aws:kms:ap-south-1:222222222222:${id}` },
    { SSEEnabled: true, KMSMasterKeyId: '' },
  ])('but not as %j', (given) => {
    expect(v.is(field, given)).toBe(false)
  })
})

describe('a declared key', () => {
  const asked: string[] = []
  const resolve = async (KMSMasterKeyId?: string, isSymmetric = true) => {
    asked.length = 0
    const declared = { SSEEnabled: true, ...(KMSMasterKeyId === undefined ? {} : { KMSMasterKeyId }) }
    return await sseSpecification.resolve?.(declared, target, async (key) => {
      asked.push(key)
      return { arn: key.endsWith('alias/aws/dynamodb') ? awsManagedArn : arnOf(otherId), isSymmetric }
    })
  }

  it.each([id, arnOf(id)])(
    'becomes its ARN in the account, region and partition of the table, without a call: %s',
    async (given) => {
      expect([await resolve(given), asked]).toEqual([withKey(id), []])
    },
  )

  it.each(['alias/tables', aliasArn])('becomes the ARN of the key behind its alias: %s', async (given) => {
    expect([await resolve(given), asked]).toEqual([withKey(otherId), [given]])
  })

  it.each([undefined, 'alias/aws/dynamodb'])('is the one that AWS manages for DynamoDB: %s', async (given) => {
    expect([await resolve(given), asked]).toEqual([awsManaged, ['alias/aws/dynamodb']])
  })

  it('is not resolved for a table that AWS encrypts with its own', async () => {
    const fail = () => Promise.reject(new Error('There was a call'))
    await expect(sseSpecification.resolve?.(awsOwned, target, fail)).resolves.toEqual(awsOwned)
  })

  it.each([arnOf(id, 'us-east-1'), 'arn:aws:kms:us-east-1:222222222222:alias/tables'])(
    'of another region is refused before any call: %s',
    async (given) => {
      await expect(resolve(given)).rejects.toMatchObject({
        message: expect.stringContaining(`${given} is in us-east-1, but DynamoDB encrypts a table in ap-south-1`),
        remedy: expect.stringContaining('mrk-'),
      })
      expect(asked).toEqual([])
    },
  )

  it('of another service is refused: DynamoDB may not use it', async () => {
    await expect(resolve('alias/aws/s3')).rejects.toMatchObject({ remedy: expect.stringContaining('of your own') })
  })

  it('that is asymmetric is refused: DynamoDB answers HTTP 500 to it', async () => {
    await expect(resolve('alias/tables', false)).rejects.toMatchObject({
      remedy: 'Name a key whose key spec is SYMMETRIC_DEFAULT.',
    })
  })
})

describe('the permissions for a key', () => {
  const statements = (KMSMasterKeyId?: string, place = target) =>
    sseSpecification.otherStatements?.(
      { SSEEnabled: true, ...(KMSMasterKeyId === undefined ? {} : { KMSMasterKeyId }) },
      place,
    )
  const use = {
    Effect: 'Allow',
    Action: [
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
    ],
  }
  const anyKey = ['arn:aws:kms:ap-south-1:222222222222:key/*']

  it.each([id, arnOf(id)])('that is named by %s allow its use through DynamoDB only', (given) => {
    const Condition = { StringLike: { 'kms:ViaService': 'dynamodb.ap-south-1.amazonaws.com' } }
    expect(statements(given)).toEqual({ read: [], write: [{ ...use, Resource: [arnOf(id)], Condition }] })
  })

  it.each(['alias/tables', aliasArn])('that is named by %s allow reading it by that alias, and its use', (given) => {
    expect(statements(given)).toEqual({
      read: [
        {
          Effect: 'Allow',
          Action: ['kms:DescribeKey'],
          Resource: anyKey,
          Condition: { StringEquals: { 'kms:RequestAlias': 'alias/tables' } },
        },
      ],
      write: [
        {
          ...use,
          Resource: anyKey,
          Condition: {
            StringLike: { 'kms:ViaService': 'dynamodb.ap-south-1.amazonaws.com' },
            'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/tables' },
          },
        },
      ],
    })
  })

  it('that AWS manages allow reading it by its alias alone', () => {
    const { read, write } = statements() ?? {}
    expect([read?.[0]?.Condition, write]).toEqual([{ StringEquals: { 'kms:RequestAlias': 'alias/aws/dynamodb' } }, []])
  })

  it('are none for a key that AWS owns', () => {
    expect(sseSpecification.otherStatements?.(awsOwned, target)).toEqual({ read: [], write: [] })
  })

  it('hold for an unknown account and region, and in other partitions', () => {
    const [statement] = statements(id, { ...target, account: '*', region: '*' })?.write ?? []
    expect([statement?.Resource, statement?.Condition]).toEqual([
      [`arn:aws:kms:*:*:key/${id}`],
      { StringLike: { 'kms:ViaService': 'dynamodb.*.amazonaws.com' } },
    ])
    const [china] = statements(id, { ...target, partition: 'aws-cn', region: 'cn-north-1' })?.write ?? []
    expect(china?.Condition).toEqual({ StringLike: { 'kms:ViaService': 'dynamodb.cn-north-1.*' } })
  })
})

it('is reported as unmanaged only for a key of the account that no definition declares', () => {
  expect(sseSpecification.unmanaged?.(observedKey(id), undefined)).toEqual([
    { path: 'encryptionKey', value: arnOf(id) },
  ])
  const others = [
    sseSpecification.unmanaged?.(awsOwned, undefined),
    sseSpecification.unmanaged?.(observedKey(id), withKey(id)),
  ]
  expect(others).toEqual([[], []])
})

it("recognizes AWS's message that no further change is allowed for now", () => {
  const message =
    'Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at 2026-10-09T23:23:37.938Z. After the first 4 change, each subsequent change in the same window can be performed at most once every 21600 seconds.'
  expect(classifyFailure(Object.assign(new Error(message), { name: 'LimitExceededException' }))).toBe('deferred')
})

it('does not repeat the HTTP 500 by which DynamoDB refuses an asymmetric key', () => {
  const message =
    'KMS internal error: com.amazonaws.services.kms.model.AWSKMSException: EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key. (Service: AWSKMS; Status Code: 400)'
  const error = Object.assign(new Error(message), { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } })
  expect(classifyFailure(error)).toBe('final')
})

describe('in the sandbox', () => {
  const declare = (KMSMasterKeyId?: string) =>
    aTable({ SSESpecification: { SSEEnabled: true, ...(KMSMasterKeyId === undefined ? {} : { KMSMasterKeyId }) } })
  const declaredOwned = aTable({ SSESpecification: awsOwned })
  const keyInUse = () => hands.table('users')?.encryption?.keyArn

  it.each([
    [id, arnOf(id), 0],
    [arnOf(id), arnOf(id), 0],
    ['alias/tables', arnOf(id), 1],
    [aliasArn, arnOf(id), 1],
    [undefined, awsManagedArn, 1],
  ])('is created with the key %s, and the next run changes nothing', async (given, arn, calls) => {
    const first = await apply(declare(given))
    expect([first.outcome.error, keyInUse()]).toEqual([undefined, arn])
    const second = await apply(declare(given))
    expect([second.steps, second.operations.filter((each) => each === 'UpdateTable')]).toEqual([[], []])
    expect(second.operations.filter((each) => each === 'DescribeKey')).toHaveLength(calls)
  })

  it('declared as owned by AWS is created without a key, and never sent again', async () => {
    await apply(declaredOwned)
    const { steps, operations } = await apply(declaredOwned)
    expect([steps, operations.includes('DescribeKey'), keyInUse()]).toEqual([[], false, undefined])
  })

  it('is changed in place, and the run ends when DynamoDB has encrypted the table', async () => {
    await apply(declare(id))
    const { steps, statuses, outcome, operations, took } = await apply(declare('alias/other'))
    expect(steps).toEqual([`update SSESpecification of "users": encryption ${arnOf(id)} -> ${arnOf(otherId)}`])
    expect([statuses, outcome.error, keyInUse()]).toEqual([['applied'], undefined, arnOf(otherId)])
    expect(took).toBe(22)
    expect(operations.filter((each) => each === 'UpdateTable')).toHaveLength(1)
    expect((await apply(declare('alias/other'))).steps).toEqual([])
  })

  it('follows an alias that names another key', async () => {
    await apply(declare('alias/moving'))
    hands.setKeyAlias('alias/moving', otherId)
    const { statuses } = await apply(declare('alias/moving'))
    expect([statuses, keyInUse()]).toEqual([['applied'], arnOf(otherId)])
  })

  it('goes from the key of AWS to a key of the account, to the AWS managed key, and back, with a warning', async () => {
    await apply(declaredOwned)
    expect((await apply(declare(id))).statuses).toEqual(['applied'])
    const managed = await apply(declare())
    expect(managed.steps).toEqual([`update SSESpecification of "users": encryption ${arnOf(id)} -> AWS managed key`])
    expect([managed.statuses, keyInUse()]).toEqual([['applied'], awsManagedArn])
    const owned = await apply(declaredOwned)
    expect(owned.plan.notices).toMatchObject([{ level: 'warning', code: 'consequence' }])
    expect([owned.statuses, owned.outcome.error, keyInUse()]).toEqual([['applied'], undefined, undefined])
    expect((await apply(declaredOwned)).steps).toEqual([])
  })

  it('repairs drift, and leaves a key alone that the definition omits', async () => {
    await apply(declare(id))
    await change({ SSESpecification: { Enabled: false } })
    expect((await apply(declare(id))).statuses).toEqual(['applied'])
    const { steps, plan, operations } = await apply(aTable())
    expect([steps, plan.tables[0]?.unmanaged]).toEqual([[], [{ path: 'encryptionKey', value: arnOf(id) }]])
    expect(operations).not.toContain('DescribeKey')
  })

  it('plans for the key that DynamoDB shows after a change by someone else', async () => {
    await apply(declare(id))
    await change({ SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: arnOf(otherId) } })
    // DynamoDB shows the old key for 8 to 9 s.
    const { steps, operations } = await apply(declare(otherId))
    expect([steps, operations.includes('UpdateTable')]).toEqual([[], false])
  })

  it('is deferred after four changes in 24 hours, while the other steps are performed', async () => {
    await apply(declare(id))
    hands.exhaustBudget('users', 'encryption')
    const changed = aTable({ SSESpecification: awsOwned, DeletionProtectionEnabled: true })
    const { statuses, outcome } = await apply(changed)
    expect(statuses).toEqual(['applied', 'deferred'])
    expect(outcome.error).toMatchObject({ message: expect.stringMatching(/is deferred.*next change at/) })
  })

  it.each([
    ['a key that does not exist', 'cccccccc-0000-0000-0000-000000000000', 'does not exist'],
    ['a disabled key', 'bbbbbbbb-0000-0000-0000-000000000000', 'is disabled'],
    ['an asymmetric key', 'aaaaaaaa-0000-0000-0000-000000000000', 'symmetric encryption KMS key'],
  ])('is not changed to %s, and the error names the reason', async (_, wrong, reason) => {
    await apply(declare(id))
    const { statuses, outcome, operations } = await apply(declare(wrong))
    expect([statuses, keyInUse()]).toEqual([['failed'], arnOf(id)])
    expect(outcome.error).toMatchObject({
      isOutcomeUnknown: false,
      cause: { message: expect.stringContaining(reason) },
    })
    expect(operations.filter((each) => each === 'UpdateTable')).toHaveLength(1)
  })

  it('is read from KMS at AWS_ENDPOINT_URL_KMS, which the error names where nothing answers', async () => {
    process.env.AWS_ENDPOINT_URL_KMS = 'http://127.0.0.1:9'
    const error = await apply(declare('alias/tables')).catch((thrown: unknown) => renderError(thrown))
    delete process.env.AWS_ENDPOINT_URL_KMS
    expect(error).toMatch(/^DescribeKey on "alias\/tables" in ap-south-1 failed\..*127\.0\.0\.1:9/s)
    expect(sandbox.requests).toEqual([])
  })

  it('is refused before any write for an alias that does not exist or names an asymmetric key', async () => {
    await expect(apply(declare('alias/missing'))).rejects.toMatchObject({
      message: 'DescribeKey on "alias/missing" in ap-south-1 failed.',
      remedy: expect.stringContaining('There is no "alias/missing" in ap-south-1 of account 222222222222.'),
    })
    await expect(apply(declare('alias/rsa'))).rejects.toMatchObject({ name: 'RemedyError' })
    expect(sandbox.requests.map(({ operation }) => operation)).toEqual(['DescribeKey'])
  })
})
