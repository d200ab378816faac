/** The guarantees of the action, tested against emulators of AWS, and by `npm run contract:aws` against AWS itself. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { main } from '../../src/main.ts'
import type { Clock } from '../../src/run/run.ts'
import { type RecordedRun, recordingRunner } from '../support/recording-runner.ts'

/** An account with tables, and a job whose credentials lead to it: on an emulator of AWS, or on AWS itself. */
export interface TestEnvironment {
  readonly account: string
  readonly region: string
  /** The input `table-name-prefix`. The names of all tables begin with it. */
  readonly prefix: string
  /** Tags of every table, besides those of a case. `prefix` and these tags mark the tables that may be deleted. */
  readonly tags: Readonly<Record<string, string>>
  /** Environment variables of the job. */
  readonly environment: () => Readonly<Record<string, string>>
  /** Inputs for the roles of the target account. */
  readonly inputs: Readonly<Record<string, string>>
  readonly clock: () => Clock
  /** Whether a table keeps the types of its keys when an index is added to it. */
  readonly buildsIndexes: boolean
  /** Whether time to live can be changed again at once. AWS admits one change in half an hour. */
  readonly changesTimeToLiveAgain: boolean
  /** Another user of the target account. */
  readonly administrator: () => Promise<DynamoDBClient>
  readonly start: () => Promise<void>
  /** Deletes all tables. */
  readonly reset: () => Promise<void>
  readonly stop: () => Promise<void>
}

const userKeys = (type: 'S' | 'N'): Partial<CreateTableCommandInput> => ({
  AttributeDefinitions: [
    { AttributeName: 'tenant_id', AttributeType: 'S' },
    { AttributeName: 'user_id', AttributeType: type },
  ],
  KeySchema: [
    { AttributeName: 'tenant_id', KeyType: 'HASH' },
    { AttributeName: 'user_id', KeyType: 'RANGE' },
  ],
})

const never = new AbortController().signal

export function describeContract(name: string, testEnvironment: TestEnvironment): void {
  describe(`the action on ${name}`, () => {
    const { account, region, prefix } = testEnvironment
    let aws: DynamoDBClient

    /** The full name of a table. */
    const named = (table: string) => `${prefix}${table}`
    const arnOf = (table: string) => `arn:aws:dynamodb:${region}:${account}:table/${named(table)}`

    /** Repeats an assertion once a second until it passes: reads of tags lag writes. */
    async function eventually(assertion: () => Promise<void>): Promise<void> {
      for (let seconds = 0; ; seconds += 1) {
        try {
          return await assertion()
        } catch (error) {
          if (seconds === 100) throw error
          await testEnvironment.clock().sleep(1000, never)
        }
      }
    }

    /** Waits until the table has this status, or until there is none. A change of the billing mode takes minutes. */
    async function waitFor(table: string, status: 'ACTIVE' | undefined): Promise<void> {
      for (let seconds = 0; (await readStatus(table)) !== status; seconds += 1) {
        if (seconds === 600) throw new Error(`${named(table)} is not ${status ?? 'deleted'} after ${seconds} seconds`)
        await testEnvironment.clock().sleep(1000, never)
      }
    }

    beforeAll(() => testEnvironment.start(), 60_000)
    afterAll(() => testEnvironment.stop())
    beforeEach(async () => {
      await testEnvironment.reset()
      aws = await testEnvironment.administrator()
    })

    /** Runs the action as a job of the hub account. */
    async function run(
      inputs: Readonly<Record<string, string>>,
      files: Readonly<Record<string, string>> = {},
    ): Promise<RecordedRun> {
      const environment = testEnvironment.environment()
      // The SDK reads its endpoints from the environment of the process.
      Object.assign(process.env, environment)
      const tags = [...Object.entries(testEnvironment.tags).map((tag) => tag.join('=')), inputs.tags ?? ''].join('\n')
      const runner = recordingRunner(
        { 'aws-region': region, 'table-name-prefix': prefix, ...testEnvironment.inputs, ...inputs, tags },
        environment,
      )
      Object.assign(runner.recorded.files, files)
      await main(runner, testEnvironment.clock())
      return runner.recorded
    }

    /** Reads a table, without the tags that every table has. */
    async function readTable(table: string) {
      const [{ Table }, { ContinuousBackupsDescription }, { Tags = [] }] = await Promise.all([
        aws.send(new DescribeTableCommand({ TableName: named(table) })),
        aws.send(new DescribeContinuousBackupsCommand({ TableName: named(table) })),
        aws.send(new ListTagsOfResourceCommand({ ResourceArn: arnOf(table) })),
      ])
      const own = Tags.filter(({ Key = '' }) => !(Key in testEnvironment.tags))
      const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription
      return {
        status: Table?.TableStatus,
        keys: Table?.KeySchema?.map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`),
        billingMode: Table?.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
        protected: Table?.DeletionProtectionEnabled ?? false,
        recovery: recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? `${recovery.RecoveryPeriodInDays} days` : 'off',
        tags: Object.fromEntries(own.map(({ Key, Value }) => [Key, Value])),
      }
    }

    async function readStatus(table: string): Promise<string | undefined> {
      return await aws.send(new DescribeTableCommand({ TableName: named(table) })).then(
        ({ Table }) => Table?.TableStatus,
        (error: Error) => {
          if (error.name === 'ResourceNotFoundException') return undefined
          throw error
        },
      )
    }

    const exists = async (table: string) => (await readStatus(table)) !== undefined

    async function create(table: string, changes: Partial<CreateTableCommandInput> = {}): Promise<void> {
      await aws.send(
        new CreateTableCommand({
          TableName: named(table),
          AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
          ...changes,
          Tags: [...tagList(testEnvironment.tags), ...(changes.Tags ?? [])],
        }),
      )
      await waitFor(table, 'ACTIVE')
    }

    const ownTags = (environment: string) => ({
      'tenant-tables:environment': environment,
      'tenant-tables:managed-by': 'tenant-tables',
    })
    const tagList = (tags: Readonly<Record<string, string>>) =>
      Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

    it('creates both tables in development without protection', async () => {
      const { exitCode, outputs } = await run({ environment: 'dev', tags: 'team=core\nempty=' })

      expect({ exitCode, changed: outputs.changed, count: outputs['changes-count'] }).toEqual({
        exitCode: 0,
        changed: 'true',
        count: '2',
      })
      expect(outputs['tenant-table-arn']).toBe(arnOf('tenant'))
      expect(outputs['users-table-arn']).toBe(arnOf('users'))
      expect(outputs['aws-account-id']).toBe(account)
      const common = {
        status: 'ACTIVE',
        billingMode: 'PAY_PER_REQUEST',
        protected: false,
        recovery: 'off',
        tags: { ...ownTags('dev'), team: 'core', empty: '' },
      }
      expect(await readTable('tenant')).toEqual({ ...common, keys: ['HASH tenant_id'] })
      expect(await readTable('users')).toEqual({ ...common, keys: ['HASH tenant_id', 'RANGE user_id'] })
    })

    it('creates both tables in production with deletion protection and 35 days of recovery', async () => {
      const { exitCode } = await run({ environment: 'Production' })

      expect(exitCode).toBe(0)
      const common = {
        status: 'ACTIVE',
        billingMode: 'PAY_PER_REQUEST',
        protected: true,
        recovery: '35 days',
        tags: ownTags('Production'),
      }
      expect(await readTable('tenant')).toEqual({ ...common, keys: ['HASH tenant_id'] })
      expect(await readTable('users')).toEqual({ ...common, keys: ['HASH tenant_id', 'RANGE user_id'] })
    })

    it.each(['dev', 'prod'])('changes nothing in a second run in %s', async (environment) => {
      const first = await run({ environment })
      expect(first.outputs.changed).toBe('true')
      const before = [await readTable('tenant'), await readTable('users')]

      // Environment names are case-insensitive.
      const second = await run({ environment: environment.toUpperCase() })

      expect(second.exitCode).toBe(0)
      expect(second.outputs['has-changes']).toBe('false')
      expect(second.outputs.changed).toBe('false')
      expect([await readTable('tenant'), await readTable('users')]).toEqual(before)
    })

    it('plans without writing', async () => {
      const { exitCode, outputs } = await run({ environment: 'dev', command: 'plan' })

      expect(exitCode).toBe(0)
      expect(outputs['changes-count']).toBe('2')
      expect(outputs.changed).toBe('false')
      expect(outputs['users-table-arn']).toBe(arnOf('users'))
      expect([await exists('tenant'), await exists('users')]).toEqual([false, false])
    })

    describe('drift', () => {
      const drifts: Readonly<Record<string, (table: string) => Promise<unknown>>> = {
        BillingMode: (table) =>
          aws.send(
            new UpdateTableCommand({
              TableName: named(table),
              BillingMode: 'PROVISIONED',
              ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
            }),
          ),
        DeletionProtectionEnabled: (table) =>
          aws.send(new UpdateTableCommand({ TableName: named(table), DeletionProtectionEnabled: false })),
        PointInTimeRecoverySpecification: (table) =>
          aws.send(
            new UpdateContinuousBackupsCommand({
              TableName: named(table),
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
            }),
          ),
        Tags: (table) =>
          aws.send(
            new UntagResourceCommand({ ResourceArn: arnOf(table), TagKeys: ['team', 'tenant-tables:environment'] }),
          ),
      }

      it.each(Object.entries(drifts))('is found and repaired in %s', async (property, drift) => {
        await run({ environment: 'prod', tags: 'team=core' })
        const defined = await readTable('users')
        await drift('users')
        await waitFor('users', 'ACTIVE')
        await eventually(async () => expect(await readTable('users')).not.toEqual(defined))

        const { exitCode, outputs } = await run({ environment: 'prod', tags: 'team=core' })

        expect(exitCode).toBe(0)
        expect(JSON.parse(outputs.plan ?? '').steps).toMatchObject([{ kind: 'update', property }])
        expect(await readTable('users')).toEqual(defined)
        expect((await run({ environment: 'prod', tags: 'team=core' })).outputs['has-changes']).toBe('false')
      })

      it('is found and repaired where a table was deleted', async () => {
        await run({ environment: 'dev' })
        await aws.send(new DeleteTableCommand({ TableName: named('tenant') }))
        await waitFor('tenant', undefined)

        const { exitCode, outputs } = await run({ environment: 'dev' })

        expect(exitCode).toBe(0)
        expect(outputs['changes-count']).toBe('1')
        expect([await exists('tenant'), await exists('users')]).toEqual([true, true])
      })
    })

    describe('refuses and writes to neither table if', () => {
      const refusals: readonly [string, string, Partial<CreateTableCommandInput>, Readonly<Record<string, string>>][] =
        [
          ['"users" has another key schema', 'impossible-change', {}, {}],
          ['"users" has another key type', 'impossible-change', userKeys('N'), {}],
          [
            '"users" belongs to another environment',
            'change-environment',
            { ...userKeys('S'), Tags: tagList(ownTags('staging')) },
            {},
          ],
          ['"users" was created by someone else', 'adopt-table', userKeys('S'), {}],
          [
            '"users" has deletion protection and the inputs disable it',
            'remove-deletion-protection',
            { ...userKeys('S'), DeletionProtectionEnabled: true, Tags: tagList(ownTags('dev')) },
            { 'deletion-protection': 'false' },
          ],
        ]

      it.each(refusals)('%s', async (_, code, changes, inputs) => {
        await create('users', changes)
        const before = await readTable('users')

        const { exitCode, outputs } = await run({ environment: 'dev', ...inputs })

        expect(exitCode).toBe(1)
        expect(JSON.parse(outputs.plan ?? '').refusals.map((each: { code: string }) => each.code)).toEqual([code])
        expect(outputs.changed).toBe('false')
        expect(outputs['users-table-arn']).toBe(arnOf('users'))
        expect(await exists('tenant')).toBe(false)
        expect(await readTable('users')).toEqual(before)
        expect((await run({ environment: 'dev', command: 'plan', ...inputs })).exitCode).toBe(1)
      })
    })

    it('adopts a table of someone else only with "adopt-table" in allow, keeps its items, tags and protection, and then needs no allow', async () => {
      await create('tenant', { DeletionProtectionEnabled: true, Tags: [{ Key: 'owner', Value: 'another-team' }] })
      const key = { tenant_id: { S: '3f0c6f0e-3a39-4f0e-9d0f-4f5a3d1c8b11' } }
      await aws.send(new PutItemCommand({ TableName: named('tenant'), Item: { ...key, code: { S: 'DD-DEMO' } } }))
      const before = await readTable('tenant')

      const refused = await run({ environment: 'dev' })

      expect([refused.exitCode, refused.outputs.changed]).toEqual([1, 'false'])
      const listing = `aws cloudformation describe-stack-resources --physical-resource-id ${named('tenant')}`
      expect(refused.errors.join()).toMatch(new RegExp(`owner = another-team[\\s\\S]*${listing}`))
      expect([await readTable('tenant'), await exists('users')]).toEqual([before, false])

      const { exitCode, outputs } = await run({ environment: 'dev', allow: 'adopt-table' })

      expect(exitCode).toBe(0)
      expect(JSON.parse(outputs.plan ?? '').notices.map((each: { code: string }) => each.code)).toEqual([
        'adopted',
        'protection-kept',
      ])
      expect(await readTable('tenant')).toMatchObject({
        protected: true,
        tags: { ...ownTags('dev'), owner: 'another-team' },
      })
      const { Item } = await aws.send(new GetItemCommand({ TableName: named('tenant'), Key: key }))
      expect(Item).toEqual({ ...key, code: { S: 'DD-DEMO' } })
      const again = await run({ environment: 'dev' })
      expect([again.exitCode, again.outputs['has-changes']]).toEqual([0, 'false'])
    })

    it('keeps a tag that is no longer in the input', async () => {
      await run({ environment: 'dev', tags: 'team=core' })

      const { outputs } = await run({ environment: 'dev', tags: 'cost=1' })

      expect(outputs.changed).toBe('true')
      expect((await readTable('tenant')).tags).toEqual({ ...ownTags('dev'), team: 'core', cost: '1' })
    })

    it('restores a tag that someone else changed', async () => {
      await run({ environment: 'dev', tags: 'team=core' })
      await aws.send(new TagResourceCommand({ ResourceArn: arnOf('users'), Tags: [{ Key: 'team', Value: 'other' }] }))

      await eventually(async () => expect((await readTable('users')).tags.team).toBe('other'))

      const { outputs } = await run({ environment: 'dev', tags: 'team=core' })

      expect(outputs['changes-count']).toBe('1')
      expect((await readTable('users')).tags).toEqual({ ...ownTags('dev'), team: 'core' })
    })

    it('removes protection and recovery and changes the environment of a table if allow lists these changes, and keeps its items', async () => {
      await run({ environment: 'prod' })
      const key = { tenant_id: { S: '3f0c6f0e-3a39-4f0e-9d0f-4f5a3d1c8b11' } }
      await aws.send(new PutItemCommand({ TableName: named('tenant'), Item: key }))
      const inputs = { environment: 'dev', 'deletion-protection': 'false', 'point-in-time-recovery': 'false' }
      expect((await run({ ...inputs, allow: 'remove-deletion-protection' })).outputs.changed).toBe('false')

      const { exitCode, errors } = await run({
        ...inputs,
        allow: 'change-environment\nremove-point-in-time-recovery\nremove-deletion-protection',
      })

      expect([exitCode, errors]).toEqual([0, []])
      expect(await readTable('tenant')).toMatchObject({ protected: false, recovery: 'off', tags: ownTags('dev') })
      expect((await aws.send(new GetItemCommand({ TableName: named('tenant'), Key: key }))).Item).toEqual(key)
      expect((await run(inputs)).outputs['has-changes']).toBe('false')
    })

    describe('verify', () => {
      it('writes, reads and deletes sample items', async () => {
        await run({ environment: 'dev' })

        const { exitCode, errors, lines } = await run({ environment: 'dev', command: 'verify' })

        expect([exitCode, errors]).toEqual([0, []])
        expect(lines.at(-1)).toBe('dev: as defined; sample items were written, found and deleted again')
        for (const TableName of ['tenant', 'users'].map(named)) {
          expect((await aws.send(new ScanCommand({ TableName, ConsistentRead: true }))).Items).toEqual([])
        }
      })

      it('fails if a table differs from its definition, and writes nothing', async () => {
        await run({ environment: 'dev' })
        const TagKeys = ['tenant-tables:environment']
        await aws.send(new UntagResourceCommand({ ResourceArn: arnOf('users'), TagKeys }))
        const remaining = { 'tenant-tables:managed-by': 'tenant-tables' }
        await eventually(async () => expect((await readTable('users')).tags).toEqual(remaining))

        const { exitCode, errors } = await run({ environment: 'dev', command: 'verify' })

        expect([exitCode, errors]).toEqual([
          1,
          [expect.stringContaining(`not as they are defined: update Tags of "${named('users')}"`)],
        ])
      })
    })

    describe('fail-on-drift', () => {
      it('fails a plan only if there is drift', async () => {
        const inputs = { environment: 'dev', command: 'plan', 'fail-on-drift': 'true' }
        await run({ environment: 'dev' })
        expect((await run(inputs)).exitCode).toBe(0)
        await aws.send(new DeleteTableCommand({ TableName: named('users') }))
        await waitFor('users', undefined)

        const { exitCode, outputs, errors } = await run(inputs)

        expect([exitCode, outputs['has-changes'], outputs['changes-count']]).toEqual([1, 'true', '1'])
        expect(errors).toEqual([expect.stringContaining(`create "${named('users')}"`)])
      })
    })

    describe('destroy', () => {
      const destroy = {
        environment: 'dev',
        command: 'destroy',
        'confirm-destroy': `${named('tenant')}\n${named('users')}`,
      }

      it('is shown by a plan, deletes both tables, waits until they are deleted, and changes nothing in a second run', async () => {
        await run({ environment: 'dev' })
        const plan = await run({ environment: 'dev', command: 'plan', destroy: 'true' })
        expect([plan.exitCode, plan.outputs['changes-count'], await exists('users')]).toEqual([0, '2', true])

        const { exitCode, errors, outputs } = await run({ ...destroy, 'expected-plan': plan.outputs.plan ?? '' })

        expect([exitCode, errors, outputs.changed]).toEqual([0, [], 'true'])
        expect([await exists('tenant'), await exists('users')]).toEqual([false, false])
        const again = await run({ ...destroy, 'expected-plan': plan.outputs.plan ?? '' })
        expect([again.exitCode, again.outputs.changed]).toEqual([0, 'false'])
      })

      it.each<[string, () => Promise<unknown>]>([
        [
          'has deletion protection',
          () => aws.send(new UpdateTableCommand({ TableName: named('users'), DeletionProtectionEnabled: true })),
        ],
        [
          'belongs to another environment',
          () =>
            aws.send(
              new TagResourceCommand({
                ResourceArn: arnOf('users'),
                Tags: [{ Key: 'tenant-tables:environment', Value: 'staging' }],
              }),
            ),
        ],
        [
          'has no tag of the action',
          () =>
            aws.send(new UntagResourceCommand({ ResourceArn: arnOf('users'), TagKeys: ['tenant-tables:managed-by'] })),
        ],
      ])('deletes nothing if a table %s', async (_, change) => {
        await run({ environment: 'dev' })
        const before = await readTable('users')
        await change()
        await eventually(async () => expect(await readTable('users')).not.toEqual(before))

        const { exitCode, outputs } = await run(destroy)

        expect([exitCode, outputs.changed]).toEqual([1, 'false'])
        expect([await exists('tenant'), await exists('users')]).toEqual([true, true])
      })

      it('deletes nothing in production', async () => {
        await run({ environment: 'live' })
        const { exitCode, outputs } = await run({ ...destroy, environment: 'live', 'production-environments': 'live' })
        expect([exitCode, outputs.changed]).toEqual([1, 'false'])
        expect([await exists('tenant'), await exists('users')]).toEqual([true, true])
      })
    })

    describe('apply with a reviewed plan', () => {
      it('performs that plan, and then only its remaining steps', async () => {
        const plan = await run({ environment: 'prod', command: 'plan' })
        const reviewed = { environment: 'prod', 'expected-plan': plan.outputs.plan ?? '' }
        expect((await run(reviewed)).exitCode).toBe(0)
        expect(
          (await run({ environment: 'prod', 'expected-plan-digest': plan.outputs['plan-digest'] ?? '' })).exitCode,
        ).toBe(0)
        const again = await run(reviewed)
        expect([again.exitCode, again.outputs.changed]).toEqual([0, 'false'])
      })

      it('writes nothing if the account has changed since the review, with plan or digest', async () => {
        const plan = await run({ environment: 'dev', command: 'plan' })
        await create('users', { ...userKeys('S'), Tags: tagList({ 'tenant-tables:managed-by': 'tenant-tables' }) })
        const before = await readTable('users')
        for (const reviewed of [
          { 'expected-plan': plan.outputs.plan ?? '' },
          { 'expected-plan-digest': plan.outputs['plan-digest'] ?? '' },
        ]) {
          const { exitCode, outputs, errors } = await run({ environment: 'dev', ...reviewed })
          expect([exitCode, outputs.changed]).toEqual([1, 'false'])
          const difference = `In the plan of this run, but not in the reviewed plan: update Tags of "${named('users')}"`
          expect(errors.join()).toMatch(new RegExp(`${difference}|the reviewed plan has [0-9a-f]{64}`))
        }
        expect(await readTable('users')).toEqual(before)
        expect(await exists('tenant')).toBe(false)
      })
    })

    // TableClass, OnDemandThroughput and changes of SSESpecification are left out: moto drops them.
    describe('a definition file', () => {
      const path = 'tables.yml'
      const definition = (indexes: string) => `
tables:
  events:
    KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: at, KeyType: RANGE }]
    AttributeDefinitions:
      - { AttributeName: tenant_id, AttributeType: S }
      - { AttributeName: at, AttributeType: N }
      - { AttributeName: kind, AttributeType: S }
    LocalSecondaryIndexes:
      - IndexName: by-kind-of-tenant
        KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: kind, KeyType: RANGE }]
        Projection: { ProjectionType: KEYS_ONLY }
    GlobalSecondaryIndexes: ${indexes}
    StreamSpecification: { StreamViewType: NEW_IMAGE }
    TimeToLiveSpecification: { Enabled: true, AttributeName: expires_at }
    Tags: [{ Key: team, Value: core }]
`
      const byKind =
        '{ IndexName: by-kind, KeySchema: [{ AttributeName: kind, KeyType: HASH }], Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [name] } }'
      const byTime =
        '{ IndexName: by-time, KeySchema: [{ AttributeName: kind, KeyType: HASH }, { AttributeName: at, KeyType: RANGE }], Projection: { ProjectionType: ALL } }'
      const files = { [path]: definition(`[${byKind}]`) }
      // The clock of the sandbox is fast.
      const file = { environment: 'dev', 'definition-file': path, 'timeout-seconds': '3600' }

      const readEvents = async () => {
        const [table, { Table }, { TimeToLiveDescription }] = await Promise.all([
          readTable('events'),
          aws.send(new DescribeTableCommand({ TableName: named('events') })),
          aws.send(new DescribeTimeToLiveCommand({ TableName: named('events') })),
        ])
        const names = (indexes: readonly { IndexName?: string | undefined }[] = []) =>
          indexes.map(({ IndexName }) => IndexName).sort()
        return {
          ...table,
          global: names(Table?.GlobalSecondaryIndexes),
          local: names(Table?.LocalSecondaryIndexes),
          stream: Table?.StreamSpecification?.StreamEnabled ? Table.StreamSpecification.StreamViewType : 'off',
          // DynamoDB reports ENABLING until every partition has the setting.
          timeToLive:
            ['ENABLING', 'ENABLED'].includes(TimeToLiveDescription?.TimeToLiveStatus ?? '') &&
            TimeToLiveDescription?.AttributeName,
        }
      }
      const events = {
        status: 'ACTIVE',
        keys: ['HASH tenant_id', 'RANGE at'],
        billingMode: 'PAY_PER_REQUEST',
        protected: false,
        recovery: 'off',
        tags: { ...ownTags('dev'), team: 'core' },
        global: ['by-kind'],
        local: ['by-kind-of-tenant'],
        stream: 'NEW_IMAGE',
        timeToLive: 'expires_at',
      }

      it('creates, verifies and destroys a table with indexes, a stream and time to live', async () => {
        expect((await run(file, files)).errors).toEqual([])
        expect(await readEvents()).toEqual(events)
        expect((await run({ ...file, command: 'plan' }, files)).outputs['has-changes']).toBe('false')
        expect((await run({ ...file, command: 'verify' }, files)).errors).toEqual([])
        const { errors } = await run({ ...file, command: 'destroy', 'confirm-destroy': named('events') }, files)
        expect([errors, await exists('events')]).toEqual([[], false])
      })

      if (testEnvironment.changesTimeToLiveAgain) {
        it('turns time to live on again', async () => {
          await run(file, files)
          const TimeToLiveSpecification = { Enabled: false, AttributeName: 'expires_at' }
          await aws.send(new UpdateTimeToLiveCommand({ TableName: named('events'), TimeToLiveSpecification }))

          const { exitCode, errors, outputs } = await run(file, files)

          expect([exitCode, errors]).toEqual([0, []])
          expect(JSON.parse(outputs.plan ?? '').steps).toMatchObject([{ property: 'TimeToLiveSpecification' }])
          expect(await readEvents()).toEqual(events)
        })
      }

      it('deletes an index only if allow lists it', async () => {
        await run(file, files)
        const without = { [path]: definition('[]') }

        const { exitCode, errors, outputs } = await run(file, without)

        expect([exitCode, errors, outputs.changed]).toEqual([0, [], 'false'])
        expect(await readEvents()).toEqual(events)
        expect((await run({ ...file, allow: 'delete-index' }, without)).errors).toEqual([])
        expect(await readEvents()).toEqual({ ...events, global: [] })
        expect((await run(file, without)).outputs['has-changes']).toBe('false')
      })

      if (testEnvironment.buildsIndexes) {
        it('adds an index to a table before it deletes another one', async () => {
          await run(file, files)
          const moved = { [path]: definition(`[${byTime}]`) }

          const { exitCode, errors, outputs } = await run({ ...file, allow: 'delete-index' }, moved)

          expect([exitCode, errors]).toEqual([0, []])
          expect(JSON.parse(outputs.plan ?? '').steps).toMatchObject([
            { to: [{ IndexName: 'by-time' }] },
            { from: [{ IndexName: 'by-kind' }], to: [] },
          ])
          expect(await readEvents()).toEqual({ ...events, global: ['by-time'] })
          expect((await run(file, moved)).outputs['has-changes']).toBe('false')
        })
      }
    })

    it('reaches the same state with two concurrent runs as with one', async () => {
      const runs = await Promise.all([run({ environment: 'prod' }), run({ environment: 'prod' })])

      expect(runs.map(({ exitCode, errors }) => ({ exitCode, errors }))).toEqual([
        { exitCode: 0, errors: [] },
        { exitCode: 0, errors: [] },
      ])
      expect(await readTable('users')).toMatchObject({ protected: true, recovery: '35 days', tags: ownTags('prod') })
      expect((await run({ environment: 'prod' })).outputs['has-changes']).toBe('false')
    })
  })
}
