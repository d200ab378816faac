/** What the action promises, shown against an AWS that we did not mock. Run on every test bed there is. */

import { setTimeout } from 'node:timers/promises'
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb'
import { main } from '../../src/main.ts'
import type { Clock } from '../../src/run/run.ts'
import { type RecordedRun, recordingRunner } from '../support/recording-runner.ts'

/** An AWS with a hub account whose job may assume a role in account 222222222222. */
export interface Bed {
  /** What the job has in its environment. */
  readonly environment: () => Readonly<Record<string, string>>
  /** Inputs that lead to the target account. */
  readonly inputs: Readonly<Record<string, string>>
  readonly clock: () => Clock
  /** An administrator of the target account, who is somebody else than the action. */
  readonly administrator: () => Promise<DynamoDBClient>
  readonly start: () => Promise<void>
  /** An account without tables. */
  readonly reset: () => Promise<void>
  readonly stop: () => Promise<void>
}

const region = 'ap-south-1'
const arnOf = (table: string) => `arn:aws:dynamodb:${region}:222222222222:table/${table}`

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

/** Tags show late, here as on AWS. Looks until what is claimed holds, and fails with the claim's own words. */
async function eventually(claim: () => Promise<void>): Promise<void> {
  for (let looks = 1; ; looks += 1) {
    try {
      return await claim()
    } catch (error) {
      if (looks === 100) throw error
      await setTimeout(20)
    }
  }
}

export function describeContract(name: string, bed: Bed): void {
  describe(`the action on ${name}`, () => {
    let aws: DynamoDBClient

    beforeAll(() => bed.start(), 60_000)
    afterAll(() => bed.stop())
    beforeEach(async () => {
      await bed.reset()
      aws = await bed.administrator()
    })

    /** The action, once, as a job of the hub account would run it. */
    async function run(inputs: Readonly<Record<string, string>>): Promise<RecordedRun> {
      const environment = bed.environment()
      // The SDK reads where its endpoints are from the process.
      Object.assign(process.env, environment)
      const runner = recordingRunner({ 'aws-region': region, ...bed.inputs, ...inputs }, environment)
      await main(runner, bed.clock())
      return runner.recorded
    }

    async function look(table: string) {
      const [{ Table }, { ContinuousBackupsDescription }, { Tags }] = await Promise.all([
        aws.send(new DescribeTableCommand({ TableName: table })),
        aws.send(new DescribeContinuousBackupsCommand({ TableName: table })),
        aws.send(new ListTagsOfResourceCommand({ ResourceArn: arnOf(table) })),
      ])
      const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription
      return {
        status: Table?.TableStatus,
        keys: Table?.KeySchema?.map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`),
        billingMode: Table?.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
        protected: Table?.DeletionProtectionEnabled ?? false,
        recovery: recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? `${recovery.RecoveryPeriodInDays} days` : 'off',
        tags: Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      }
    }

    async function exists(table: string): Promise<boolean> {
      return await aws.send(new DescribeTableCommand({ TableName: table })).then(
        () => true,
        (error: Error) => {
          if (error.name === 'ResourceNotFoundException') return false
          throw error
        },
      )
    }

    async function create(table: string, changes: Partial<CreateTableCommandInput> = {}): Promise<void> {
      await aws.send(
        new CreateTableCommand({
          TableName: table,
          AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
          ...changes,
        }),
      )
      await waitUntilTableExists({ client: aws, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.1 }, { TableName: table })
    }

    const ownTags = (environment: string) => ({
      'tenant-tables:environment': environment,
      'tenant-tables:managed-by': 'tenant-tables',
    })
    const tagList = (tags: Readonly<Record<string, string>>) =>
      Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

    it('creates both tables in development, without protection', async () => {
      const { exitCode, outputs } = await run({ environment: 'dev', tags: 'team=core\nempty=' })

      expect({ exitCode, changed: outputs.changed, count: outputs['changes-count'] }).toEqual({
        exitCode: 0,
        changed: 'true',
        count: '2',
      })
      expect(outputs['tenant-table-arn']).toBe(arnOf('tenant'))
      expect(outputs['users-table-arn']).toBe(arnOf('users'))
      expect(outputs['aws-account-id']).toBe('222222222222')
      const common = {
        status: 'ACTIVE',
        billingMode: 'PAY_PER_REQUEST',
        protected: false,
        recovery: 'off',
        tags: { ...ownTags('dev'), team: 'core', empty: '' },
      }
      expect(await look('tenant')).toEqual({ ...common, keys: ['HASH tenant_id'] })
      expect(await look('users')).toEqual({ ...common, keys: ['HASH tenant_id', 'RANGE user_id'] })
    })

    it('creates both tables in production protected, with 35 days of recovery', async () => {
      const { exitCode } = await run({ environment: 'Production' })

      expect(exitCode).toBe(0)
      const common = {
        status: 'ACTIVE',
        billingMode: 'PAY_PER_REQUEST',
        protected: true,
        recovery: '35 days',
        tags: ownTags('Production'),
      }
      expect(await look('tenant')).toEqual({ ...common, keys: ['HASH tenant_id'] })
      expect(await look('users')).toEqual({ ...common, keys: ['HASH tenant_id', 'RANGE user_id'] })
    })

    it.each(['dev', 'prod'])('changes nothing when it runs again in %s', async (environment) => {
      const first = await run({ environment })
      expect(first.outputs.changed).toBe('true')
      const before = [await look('tenant'), await look('users')]

      // Environments are compared without case, so this is the same one.
      const second = await run({ environment: environment.toUpperCase() })

      expect(second.exitCode).toBe(0)
      expect(second.outputs['has-changes']).toBe('false')
      expect(second.outputs.changed).toBe('false')
      expect([await look('tenant'), await look('users')]).toEqual(before)
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
        'set-billing-mode': (TableName) =>
          aws.send(
            new UpdateTableCommand({
              TableName,
              BillingMode: 'PROVISIONED',
              ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
            }),
          ),
        'enable-deletion-protection': (TableName) =>
          aws.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false })),
        'set-point-in-time-recovery': (TableName) =>
          aws.send(
            new UpdateContinuousBackupsCommand({
              TableName,
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
            }),
          ),
        'tag-table': (table) =>
          aws.send(
            new UntagResourceCommand({ ResourceArn: arnOf(table), TagKeys: ['team', 'tenant-tables:environment'] }),
          ),
      }

      it.each(Object.entries(drifts))('is found and mended: %s', async (action, drift) => {
        await run({ environment: 'prod', tags: 'team=core' })
        const defined = await look('users')
        await drift('users')
        await waitUntilTableExists(
          { client: aws, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.1 },
          { TableName: 'users' },
        )
        await eventually(async () => expect(await look('users')).not.toEqual(defined))

        const { exitCode, outputs } = await run({ environment: 'prod', tags: 'team=core' })

        expect(exitCode).toBe(0)
        expect(JSON.parse(outputs.plan ?? '').steps.map((step: { action: string }) => step.action)).toEqual([action])
        expect(await look('users')).toEqual(defined)
        expect((await run({ environment: 'prod', tags: 'team=core' })).outputs['has-changes']).toBe('false')
      })

      it('is found and mended: a table that is gone', async () => {
        await run({ environment: 'dev' })
        await aws.send(new DeleteTableCommand({ TableName: 'tenant' }))
        await waitUntilTableNotExists(
          { client: aws, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.1 },
          { TableName: 'tenant' },
        )

        const { exitCode, outputs } = await run({ environment: 'dev' })

        expect(exitCode).toBe(0)
        expect(outputs['changes-count']).toBe('1')
        expect([await exists('tenant'), await exists('users')]).toEqual([true, true])
      })
    })

    describe('refuses, and writes nothing to either table, where', () => {
      const refusals: readonly [string, string, Partial<CreateTableCommandInput>, Readonly<Record<string, string>>][] =
        [
          ['"users" has another key schema', 'different-keys', {}, {}],
          ['"users" has another key type', 'different-keys', userKeys('N'), {}],
          [
            '"users" belongs to another environment',
            'change-environment',
            { ...userKeys('S'), Tags: tagList(ownTags('staging')) },
            {},
          ],
          ['"users" was created by someone else', 'adopt-table', userKeys('S'), {}],
          [
            '"users" is protected, and no protection is asked for',
            'remove-deletion-protection',
            { ...userKeys('S'), DeletionProtectionEnabled: true, Tags: tagList(ownTags('dev')) },
            { 'deletion-protection': 'false' },
          ],
        ]

      it.each(refusals)('%s', async (_, code, changes, inputs) => {
        await create('users', changes)
        const before = await look('users')

        const { exitCode, outputs } = await run({ environment: 'dev', ...inputs })

        expect(exitCode).toBe(1)
        expect(JSON.parse(outputs.plan ?? '').refusals.map((each: { code: string }) => each.code)).toEqual([code])
        expect(outputs.changed).toBe('false')
        expect(outputs['users-table-arn']).toBe(arnOf('users'))
        expect(await exists('tenant')).toBe(false)
        expect(await look('users')).toEqual(before)
        expect((await run({ environment: 'dev', command: 'plan', ...inputs })).exitCode).toBe(1)
      })
    })

    it('adopts a table whose keys match only with its line of allow, with its items, and leaves what it does not know alone; after that it needs no line', async () => {
      await create('tenant', { DeletionProtectionEnabled: true, Tags: [{ Key: 'owner', Value: 'somebody' }] })
      const key = { tenant_id: { S: '3f0c6f0e-3a39-4f0e-9d0f-4f5a3d1c8b11' } }
      await aws.send(new PutItemCommand({ TableName: 'tenant', Item: { ...key, code: { S: 'DD-DEMO' } } }))
      const before = await look('tenant')

      const refused = await run({ environment: 'dev' })

      expect([refused.exitCode, refused.outputs.changed]).toEqual([1, 'false'])
      expect(refused.errors.join()).toMatch(
        /owner = somebody[\s\S]*aws cloudformation describe-stack-resources --physical-resource-id tenant/,
      )
      expect([await look('tenant'), await exists('users')]).toEqual([before, false])

      const { exitCode, outputs } = await run({ environment: 'dev', allow: 'adopt-table' })

      expect(exitCode).toBe(0)
      expect(JSON.parse(outputs.plan ?? '').notices.map((each: { code: string }) => each.code)).toEqual([
        'adopted',
        'deletion-protection-kept',
      ])
      expect(await look('tenant')).toMatchObject({ protected: true, tags: { ...ownTags('dev'), owner: 'somebody' } })
      const { Item } = await aws.send(new GetItemCommand({ TableName: 'tenant', Key: key }))
      expect(Item).toEqual({ ...key, code: { S: 'DD-DEMO' } })
      const again = await run({ environment: 'dev' })
      expect([again.exitCode, again.outputs['has-changes']]).toEqual([0, 'false'])
    })

    it('keeps a tag that is dropped from the list', async () => {
      await run({ environment: 'dev', tags: 'team=core' })

      const { outputs } = await run({ environment: 'dev', tags: 'cost=1' })

      expect(outputs.changed).toBe('true')
      expect((await look('tenant')).tags).toEqual({ ...ownTags('dev'), team: 'core', cost: '1' })
    })

    it('puts back a tag that somebody changed', async () => {
      await run({ environment: 'dev', tags: 'team=core' })
      await aws.send(new TagResourceCommand({ ResourceArn: arnOf('users'), Tags: [{ Key: 'team', Value: 'other' }] }))

      await eventually(async () => expect((await look('users')).tags.team).toBe('other'))

      const { outputs } = await run({ environment: 'dev', tags: 'team=core' })

      expect(outputs['changes-count']).toBe('1')
      expect((await look('users')).tags).toEqual({ ...ownTags('dev'), team: 'core' })
    })

    it('takes away what allow names, and hands over a table of another environment with its items', async () => {
      await run({ environment: 'prod' })
      const key = { tenant_id: { S: '3f0c6f0e-3a39-4f0e-9d0f-4f5a3d1c8b11' } }
      await aws.send(new PutItemCommand({ TableName: 'tenant', Item: key }))
      const inputs = { environment: 'dev', 'deletion-protection': 'false', 'point-in-time-recovery': 'false' }
      expect((await run({ ...inputs, allow: 'remove-deletion-protection' })).outputs.changed).toBe('false')

      const { exitCode, errors } = await run({
        ...inputs,
        allow: 'change-environment\nremove-point-in-time-recovery\nremove-deletion-protection',
      })

      expect([exitCode, errors]).toEqual([0, []])
      expect(await look('tenant')).toMatchObject({ protected: false, recovery: 'off', tags: ownTags('dev') })
      expect((await aws.send(new GetItemCommand({ TableName: 'tenant', Key: key }))).Item).toEqual(key)
      expect((await run(inputs)).outputs['has-changes']).toBe('false')
    })

    describe('verify', () => {
      it('proves the tables by sample items, and leaves none', async () => {
        await run({ environment: 'dev' })

        const { exitCode, errors, lines } = await run({ environment: 'dev', command: 'verify' })

        expect([exitCode, errors]).toEqual([0, []])
        expect(lines.at(-1)).toBe('The tables are as defined, and sample items were written, found and deleted again.')
        for (const TableName of ['tenant', 'users']) {
          expect((await aws.send(new ScanCommand({ TableName }))).Items).toEqual([])
        }
      })

      it('fails where a table is not as defined, and writes nothing', async () => {
        await run({ environment: 'dev' })
        const TagKeys = ['tenant-tables:environment']
        await aws.send(new UntagResourceCommand({ ResourceArn: arnOf('users'), TagKeys }))
        const left = { 'tenant-tables:managed-by': 'tenant-tables' }
        await eventually(async () => expect((await look('users')).tags).toEqual(left))

        const { exitCode, errors } = await run({ environment: 'dev', command: 'verify' })

        expect([exitCode, errors]).toEqual([1, [expect.stringContaining('not as they are defined: tag-table "users"')]])
      })
    })

    describe('drift', () => {
      it('fails a plan that is to fail on it, and only where there is some', async () => {
        const inputs = { environment: 'dev', command: 'plan', 'fail-on-drift': 'true' }
        await run({ environment: 'dev' })
        expect((await run(inputs)).exitCode).toBe(0)
        await aws.send(new DeleteTableCommand({ TableName: 'users' }))
        await waitUntilTableNotExists({ client: aws, maxWaitTime: 10, minDelay: 1 }, { TableName: 'users' })

        const { exitCode, outputs, errors } = await run(inputs)

        expect([exitCode, outputs['has-changes'], outputs['changes-count']]).toEqual([1, 'true', '1'])
        expect(errors).toEqual([expect.stringContaining('create-table "users"')])
      })
    })

    describe('destroy', () => {
      const destroy = { environment: 'dev', command: 'destroy', 'confirm-destroy': 'tenant\nusers' }

      it('is shown by a plan, deletes both tables and waits until they are gone; again it has nothing to do', async () => {
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
          'is protected',
          () => aws.send(new UpdateTableCommand({ TableName: 'users', DeletionProtectionEnabled: true })),
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
          'carries no tag of the action',
          () =>
            aws.send(new UntagResourceCommand({ ResourceArn: arnOf('users'), TagKeys: ['tenant-tables:managed-by'] })),
        ],
      ])('deletes nothing where a table %s', async (_, change) => {
        await run({ environment: 'dev' })
        const before = await look('users')
        await change()
        await eventually(async () => expect(await look('users')).not.toEqual(before))

        const { exitCode, outputs } = await run(destroy)

        expect([exitCode, outputs.changed]).toEqual([1, 'false'])
        expect([await exists('tenant'), await exists('users')]).toEqual([true, true])
      })

      it('never deletes in production', async () => {
        await run({ environment: 'live' })
        const { exitCode, outputs } = await run({ ...destroy, environment: 'live', 'production-environments': 'live' })
        expect([exitCode, outputs.changed]).toEqual([1, 'false'])
        expect([await exists('tenant'), await exists('users')]).toEqual([true, true])
      })
    })

    describe('held to a reviewed plan', () => {
      it('an apply does just that, and goes on with what is left of it', async () => {
        const plan = await run({ environment: 'prod', command: 'plan' })
        const held = { environment: 'prod', 'expected-plan': plan.outputs.plan ?? '' }
        expect((await run(held)).exitCode).toBe(0)
        expect(
          (await run({ environment: 'prod', 'expected-plan-digest': plan.outputs['plan-digest'] ?? '' })).exitCode,
        ).toBe(0)
        const again = await run(held)
        expect([again.exitCode, again.outputs.changed]).toEqual([0, 'false'])
      })

      it('writes nothing where the account has changed since, by plan or by digest', async () => {
        const plan = await run({ environment: 'dev', command: 'plan' })
        await create('users', { ...userKeys('S'), Tags: tagList({ 'tenant-tables:managed-by': 'tenant-tables' }) })
        const before = await look('users')
        for (const held of [
          { 'expected-plan': plan.outputs.plan ?? '' },
          { 'expected-plan-digest': plan.outputs['plan-digest'] ?? '' },
        ]) {
          const { exitCode, outputs, errors } = await run({ environment: 'dev', ...held })
          expect([exitCode, outputs.changed]).toEqual([1, 'false'])
          expect(errors.join()).toMatch(/Needed now, but not in the reviewed plan: tag-table "users"|was reviewed/)
        }
        expect(await look('users')).toEqual(before)
        expect(await exists('tenant')).toBe(false)
      })
    })

    it('ends as one run would when two run at once', async () => {
      const runs = await Promise.all([run({ environment: 'prod' }), run({ environment: 'prod' })])

      expect(runs.map(({ exitCode, errors }) => ({ exitCode, errors }))).toEqual([
        { exitCode: 0, errors: [] },
        { exitCode: 0, errors: [] },
      ])
      expect(await look('users')).toMatchObject({ protected: true, recovery: '35 days', tags: ownTags('prod') })
      expect((await run({ environment: 'prod' })).outputs['has-changes']).toBe('false')
    })
  })
}
