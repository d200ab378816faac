/** Runs that add, change and delete indexes on the sandbox, with the durations that were measured on AWS. */
import type { GlobalIndexes } from '../../src/table/properties/global-secondary-indexes.ts'
import { apply as applyToModel, failure, observedAs } from '../support/apply.ts'
import { aTable, globalIndex as index } from '../support/builders.ts'
import { startSandboxRuns } from '../support/sandbox-runs.ts'

const { emulator, sandbox, hands, clock, apply, writes } = await startSandboxRuns()

const all = { Projection: { ProjectionType: 'ALL' } } as const
const units = (count: number) => ({ ProvisionedThroughput: { ReadCapacityUnits: count, WriteCapacityUnits: count } })
const withIndexes = (...indexes: GlobalIndexes) => aTable({ GlobalSecondaryIndexes: indexes })
const step = (name: string) => `update GlobalSecondaryIndexes ${name} of "users"`
const onTable = async () =>
  ((await hands.call('DescribeTable', { TableName: 'users' })).Table as { GlobalSecondaryIndexes?: GlobalIndexes })
    .GlobalSecondaryIndexes ?? []
const namesOnTable = async () => (await onTable()).map(({ IndexName }) => IndexName)
/** Someone else begins to build an index. */
const build = async (attribute: string) => {
  const { IndexName, Projection } = index(attribute)
  await hands.call('UpdateTable', {
    TableName: 'users',
    AttributeDefinitions: [{ AttributeName: attribute, AttributeType: 'S' }],
    GlobalSecondaryIndexUpdates: [
      { Create: { IndexName, Projection, KeySchema: [{ AttributeName: attribute, KeyType: 'HASH' }] } },
    ],
  })
}
const refused = () => sandbox.requests.filter(({ error }) => error !== undefined).map(({ error }) => error)

it('makes every known index with the table, in seconds, and the next run finds nothing to do', async () => {
  const definition = withIndexes(index('date'), index('email', all), index('role'))
  const first = await apply(definition)
  expect([first.error, first.results, writes()]).toEqual([undefined, ['create "users": applied'], ['CreateTable']])
  expect(first.took).toBeLessThan(25)
  const second = await apply(definition)
  expect([second.error, second.steps, writes()]).toEqual([undefined, [], []])
})

it('builds several indexes one after the other in one run, and logs the progress of each', async () => {
  await apply(aTable())
  const { error, results, lines, took } = await apply(withIndexes(index('date'), index('email')))
  expect([error, results]).toEqual([undefined, [`${step('by-date')}: applied`, `${step('by-email')}: applied`]])
  expect([writes(), refused()]).toEqual([['Create by-date', 'Create by-email'], []])
  expect(took).toBeGreaterThan(1200)
  expect(took).toBeLessThan(1240)
  // A poll about every 12 s.
  expect(sandbox.requests.length).toBeLessThan(130)
  expect(lines.join('\n')).toMatch(
    /Waiting for the table "users" to build its index by-email, which usually takes 8 to 17 minutes, longer with many items: 3\d\d s so far; it is ACTIVE, index by-email CREATING/,
  )
  expect((await apply(withIndexes(index('date'), index('email')))).steps).toEqual([])
})

it('creates an index before it deletes another one that allow gives up', async () => {
  await apply(withIndexes(index('old')))
  const { error, results } = await apply(withIndexes(index('new')), { allow: ['delete-index'] })
  expect([error, results]).toEqual([undefined, [`${step('by-new')}: applied`, `${step('by-old')}: applied`]])
  expect([writes(), refused(), await namesOnTable()]).toEqual([['Create by-new', 'Delete by-old'], [], ['by-new']])
})

it('leaves every index alone that the definition does not mention', async () => {
  await apply(withIndexes(index('old')))
  for (const definition of [aTable(), withIndexes()]) {
    const { error, steps, plan } = await apply(definition)
    expect([error, steps, plan.tables[0]?.unmanaged]).toEqual([
      undefined,
      [],
      [{ path: 'globalIndex', value: 'by-old' }],
    ])
  }
})

it('rebuilds an index under its name only with allow: rebuild-index', async () => {
  await apply(withIndexes(index('email')))
  const refusal = await apply(withIndexes(index('email', all)))
  expect([refusal.plan.refusals.map(({ code }) => code), writes()]).toEqual([['rebuild-index'], []])
  const { error } = await apply(withIndexes(index('email', all)), { allow: ['rebuild-index'] })
  expect([error, writes()]).toEqual([undefined, ['Delete by-email', 'Create by-email']])
  expect(await onTable()).toMatchObject([{ IndexName: 'by-email', ...all }])
})

it('rebuilds two indexes with another type of their common key, which DynamoDB takes only after both deletions', async () => {
  const byEmail = (name: string, AttributeType: 'S' | 'N') =>
    index(name, { KeySchema: [{ AttributeName: 'email', AttributeType, KeyType: 'HASH' }] })
  await apply(withIndexes(byEmail('a', 'S'), byEmail('b', 'S')))
  const numbers = withIndexes(byEmail('a', 'N'), byEmail('b', 'N'))
  const { error } = await apply(numbers, { allow: ['rebuild-index'] })
  expect([error, writes()]).toEqual([undefined, ['Delete by-a', 'Delete by-b', 'Create by-a', 'Create by-b']])
  expect((await apply(numbers)).steps).toEqual([])
})

describe('the throughput of an index', () => {
  const provisioned = (count: number, ...indexes: GlobalIndexes) =>
    aTable({ BillingMode: units(5), GlobalSecondaryIndexes: [index('email', units(count)), ...indexes] })

  it('is changed where its declaration differs, drift included, and is never sent again', async () => {
    await apply(provisioned(5))
    const { error, steps } = await apply(provisioned(6))
    expect([error, steps, writes()]).toEqual([
      undefined,
      [
        `${step('by-email')}: index by-email email (S); keys only; 5 read and 5 write units -> email (S); keys only; 6 read and 6 write units`,
      ],
      ['Update by-email'],
    ])
    expect((await apply(provisioned(6))).steps).toEqual([])
    await hands.call('UpdateTable', {
      TableName: 'users',
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-email', ...units(9) } }],
    })
    clock.pass(10_000)
    expect((await apply(provisioned(6))).results).toEqual([`${step('by-email')}: applied`])
  })

  it('is not sent again while an earlier run or someone else is changing it to what is declared', async () => {
    await apply(provisioned(5))
    await hands.call('UpdateTable', {
      TableName: 'users',
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-email', ...units(7) } }],
    })
    expect(await onTable()).toMatchObject([{ IndexStatus: 'UPDATING', ...units(5) }])
    const { error, steps } = await apply(provisioned(7))
    expect([error, steps, writes()]).toEqual([undefined, [], []])
    expect(await onTable()).toMatchObject([{ IndexStatus: 'ACTIVE', ...units(7) }])
  })

  it('is left alone where it is not declared', async () => {
    await apply(provisioned(5))
    const { error, steps } = await apply(aTable({ BillingMode: units(5), GlobalSecondaryIndexes: [index('email')] }))
    expect([error, steps]).toEqual([undefined, []])
  })

  it('is changed while another index is built', async () => {
    await apply(provisioned(5))
    await hands.call('UpdateTable', {
      TableName: 'users',
      AttributeDefinitions: [{ AttributeName: 'other', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'by-other',
            Projection: { ProjectionType: 'ALL' },
            KeySchema: [{ AttributeName: 'other', KeyType: 'HASH' }],
            ...units(1),
          },
        },
      ],
    })
    clock.pass(60_000)
    const { error, results, took } = await apply(provisioned(6))
    expect([error, results]).toEqual([undefined, [`${step('by-email')}: applied`]])
    expect(took).toBeLessThan(20)
  })

  it('comes with the change of the table to provisioned capacity, in one call', async () => {
    await apply(withIndexes(index('email')))
    const { error, results } = await apply(provisioned(7, index('role', units(1))))
    expect([error, results]).toEqual([
      undefined,
      ['update BillingMode of "users": applied', `${step('by-role')}: applied`],
    ])
    expect(await onTable()).toMatchObject([units(7), units(1)])
  })

  it('on demand gets and loses its maximum, also after a change of the billing mode', async () => {
    await apply(provisioned(5))
    const limited = (MaxReadRequestUnits: number) =>
      withIndexes(index('email', { OnDemandThroughput: { MaxReadRequestUnits } }))
    const { error, results } = await apply(limited(10))
    expect([error, results]).toEqual([
      undefined,
      ['update BillingMode of "users": applied', `${step('by-email')}: applied`],
    ])
    expect(await onTable()).toMatchObject([{ OnDemandThroughput: { MaxReadRequestUnits: 10 } }])
    expect((await apply(limited(10))).steps).toEqual([])
    expect((await apply(limited(-1))).results).toEqual([`${step('by-email')}: applied`])
    expect((await onTable())[0]).not.toHaveProperty('OnDemandThroughput')
    expect((await apply(limited(-1))).steps).toEqual([])
  })

  it('is deferred where AWS has no decrease left, and the build of another index goes on', async () => {
    await apply(provisioned(5))
    hands.exhaustBudget('users', 'decreases')
    const { results } = await apply(provisioned(4, index('role', units(1))))
    expect(results).toEqual([`${step('by-email')}: deferred`, `${step('by-role')}: applied`])
  })
})

describe('wait-for-indexes: false', () => {
  const wanted = withIndexes(index('date'), index('new'))
  const short = { allow: ['delete-index'], waitForIndexes: false }

  it('ends the run when the last build has begun, leaves what it blocks, and later runs complete the work', async () => {
    await apply(withIndexes(index('old')))
    const first = await apply(wanted, short)
    expect([first.error, first.results]).toEqual([
      undefined,
      [`${step('by-date')}: applied`, `${step('by-new')}: applied`, `${step('by-old')}: postponed`],
    ])
    // One build, and the allocation of the last one, during which the table is UPDATING.
    expect(first.took).toBeLessThan(680)
    expect(first.lines).toEqual(
      expect.arrayContaining([
        `${step('by-new')}: begun; the build goes on after the run`,
        `${step('by-old')}: left for the next run: an index is being built`,
      ]),
    )
    const second = await apply(wanted, short)
    expect([second.error, second.results, writes()]).toEqual([undefined, [`${step('by-old')}: postponed`], []])
    expect(second.took).toBeLessThan(5)
    expect(second.plan.notices.map(({ code }) => code)).toContain('index-building')
    const third = await apply(wanted, { allow: ['delete-index'] })
    expect([third.error, third.results, refused()]).toEqual([undefined, [`${step('by-old')}: applied`], []])
    expect(await namesOnTable()).toEqual(['by-date', 'by-new'])
  })

  it('still waits for a build of an earlier run where another build must follow', async () => {
    await apply(aTable())
    await build('date')
    clock.pass(60_000)
    const { error, results, took } = await apply(wanted, short)
    expect([error, results, writes(), refused()]).toEqual([
      undefined,
      [`${step('by-new')}: applied`],
      ['Create by-new'],
      [],
    ])
    expect(took).toBeGreaterThan(500)
    expect(took).toBeLessThan(620)
  })

  it('leaves a deletion for the next run where someone else begins to build an index meanwhile', async () => {
    await apply(withIndexes(index('old'), index('date')))
    emulator.afterRequest(
      ({ operation }) => operation === 'ListTagsOfResource',
      () => void build('other'),
    )
    const { error, results } = await apply(withIndexes(index('date')), short)
    expect([error, results, writes()]).toEqual([undefined, [`${step('by-old')}: postponed`], []])
  })
})

describe('a build that another run began', () => {
  it('of a declared index is waited for, although the plan has no steps, and the plan says so', async () => {
    await apply(aTable())
    await build('email')
    clock.pass(60_000)
    const { error, steps, plan, took, lines } = await apply(withIndexes(index('email')))
    expect([error, steps, plan.notices.map(({ code }) => code)]).toEqual([undefined, [], ['index-building']])
    expect(took).toBeGreaterThan(530)
    expect(took).toBeLessThan(560)
    expect(lines.join('\n')).toContain('Waiting for the table "users" to build its index by-email, which usually takes')
    expect((await hands.call('DescribeTable', { TableName: 'users' })).Table).toMatchObject({
      GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE' }],
    })
  })

  it('of an index that the definition does not mention is not waited for', async () => {
    await apply(withIndexes(index('email')))
    await build('other')
    clock.pass(60_000)
    const { error, steps, took } = await apply(withIndexes(index('email')))
    expect([error, steps]).toEqual([undefined, []])
    expect(took).toBeLessThan(5)
  })

  it('is waited for before the next index, without a call that AWS would refuse', async () => {
    await apply(aTable())
    await build('email')
    const { error, results, took } = await apply(withIndexes(index('date'), index('email')))
    expect([error, results, writes(), refused()]).toEqual([
      undefined,
      [`${step('by-date')}: applied`],
      ['Create by-date'],
      [],
    ])
    expect(took).toBeGreaterThan(1190)
  })

  it('and that began after the plan was made lets the next index wait: AWS allows one build at a time', async () => {
    await apply(aTable())
    emulator.afterRequest(
      ({ operation }) => operation === 'ListTagsOfResource',
      () => void build('other'),
    )
    const { error, results, lines } = await apply(withIndexes(index('email')))
    expect([error, results, writes()]).toEqual([undefined, [`${step('by-email')}: applied`], ['Create by-email']])
    expect(refused().length).toBeLessThan(8)
    expect(new Set(refused())).toEqual(new Set(['LimitExceededException']))
    expect(lines.join('\n')).toContain(`complete its index changes before ${step('by-email')}`)
  })
})

it('counts an index as its own work where the response to the call was lost, and waits for its build', async () => {
  const definitions = [withIndexes(index('email'))]
  const observed = observedAs(definitions, { users: { GlobalSecondaryIndexes: [] } })
  const { outcome, results, model, run } = await applyToModel({ definitions, observed }, (_, { clock: { now } }) => {
    let begunAt = Number.NEGATIVE_INFINITY
    return {
      write: async (_, send) => {
        await send()
        begunAt = now()
        throw failure('TimeoutError', { isOutcomeUnknown: true, httpStatusCode: 0 })
      },
      describe: (_, table) => {
        const IndexStatus = now() - begunAt < 600_000 ? 'CREATING' : 'ACTIVE'
        const indexes = table?.GlobalSecondaryIndexes?.map((each) => ({ ...each, IndexStatus }) as const)
        return table && indexes && { ...table, GlobalSecondaryIndexes: indexes }
      },
    }
  })
  expect([outcome.error, results, model.writes]).toEqual([
    undefined,
    [`${step('by-email')}: applied`],
    [step('by-email')],
  ])
  expect(run.clock.sleeps.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(600_000)
})

it('continues after a cancellation: the next run waits for the build that the first one began, and goes on', async () => {
  await apply(withIndexes(index('old')))
  const wanted = withIndexes(index('date'), index('email'))
  const allow = ['delete-index']
  const interruption = new AbortController()
  let polls = 0
  const first = await apply(wanted, {
    allow,
    interrupted: interruption.signal,
    watch: (moment, { operation }) => {
      if (operation === 'DescribeTable' && moment === 'after' && ++polls === 10) interruption.abort()
    },
  })
  expect(first.results).toEqual([
    `${step('by-date')}: failed`,
    `${step('by-email')}: skipped`,
    `${step('by-old')}: skipped`,
  ])
  expect(first.error).toMatchObject({
    message: expect.stringMatching(
      /^The run was cancelled\. It was waiting for the table "users" to build its index by-date, which usually takes 8 to 17 minutes, longer with many items; it is ACTIVE, index by-date CREATING\./,
    ),
  })
  const second = await apply(wanted, { allow })
  expect([second.error, second.results, refused()]).toEqual([
    undefined,
    [`${step('by-email')}: applied`, `${step('by-old')}: applied`],
    [],
  ])
  expect((await apply(wanted)).steps).toEqual([])
})
