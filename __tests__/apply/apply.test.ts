import { applyPlan } from '../../src/apply/apply.ts'
import type { DynamoDb } from '../../src/aws/dynamodb.ts'
import type { DescribedTable } from '../../src/aws/dynamodb-answers.ts'
import { DynamoDbError } from '../../src/aws/dynamodb-errors.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import type { Outcome, Step } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { ObservedTable, ObservedTables, TableDefinition } from '../../src/table/table.ts'
import { aTarget, managedOnly, production, ready, theTables } from '../support/builders.ts'
import { aRun, describedFrom, type FakeRun, type Model, modelDynamoDb } from '../support/fakes.ts'

const target = aTarget({ environment: production })
const [tenant, users] = theTables({ environment: production })
const desired = [tenant, users]

function refusal(code: string, isOutcomeUnknown = false): DynamoDbError {
  return new DynamoDbError(
    'CreateTable',
    'users',
    Object.assign(new Error('as AWS says'), { name: code, $metadata: { httpStatusCode: 400 } }),
    isOutcomeUnknown,
  )
}

/** Applies what is planned on what was observed; `changes` see the model, to break it. */
async function apply(
  observed: ObservedTables = new Map(),
  changes: (model: Model, run: FakeRun) => Partial<DynamoDb> = () => ({}),
  tables: readonly TableDefinition[] = desired,
): Promise<{ outcome: Outcome; model: Model; run: FakeRun; results: readonly string[] }> {
  const model = modelDynamoDb(observed)
  const run = aRun()
  const dynamoDb = { ...model.dynamoDb, ...changes(model, run) }
  const plan = planTables(target, tables, observed)
  const outcome = await applyPlan({ dynamoDb, target, desired: tables, observed, lookedAt: run.clock.now(), plan, run })
  const results = outcome.steps.map(({ step, result }) => `${step.action} ${step.table}: ${result.status}`)
  return { outcome, model, run, results }
}

it('performs every step and hands back the tables as they are then', async () => {
  const { outcome, results } = await apply()
  expect(outcome.error).toBeUndefined()
  expect(results).toEqual([
    'create-table tenant: applied',
    'set-point-in-time-recovery tenant: applied',
    'create-table users: applied',
    'set-point-in-time-recovery users: applied',
  ])
  expect(outcome.observed.get('users')).toMatchObject({ id: 'new-id-of-users', pointInTimeRecovery: { enabled: true } })
})

it('works on the tables side by side, and on one table step by step', async () => {
  const { model } = await apply()
  expect(model.writes.map(({ action, table }) => `${action} ${table}`)).toEqual([
    'create-table tenant',
    'create-table users',
    'set-point-in-time-recovery tenant',
    'set-point-in-time-recovery users',
  ])
})

it('waits until a change of the billing mode has ended, and not for a change of deletion protection', async () => {
  const observed = new Map([
    ['tenant', ready(tenant, { billingMode: 'PROVISIONED' })],
    ['users', ready(users, { deletionProtection: false })],
  ] as const)
  const { outcome, run, results } = await apply(observed)
  expect(outcome.error).toBeUndefined()
  expect(results).toEqual(['enable-deletion-protection users: applied', 'set-billing-mode tenant: applied'])
  expect(run.clock.sleeps).toEqual([1000])
  expect(outcome.steps.map(({ result }) => result)).toEqual([
    { status: 'applied', seconds: 0 },
    { status: 'applied', seconds: 1 },
  ])
})

it('begins only protective steps after a failure, and says what became of each step', async () => {
  const denied = refusal('AccessDeniedException')
  const { outcome, results, model } = await apply(new Map(), ({ dynamoDb }) => ({
    createTable: async (table) => {
      if (table.table === 'users') throw denied
      await dynamoDb.createTable(table)
    },
  }))
  expect(results).toEqual([
    'create-table tenant: applied',
    'set-point-in-time-recovery tenant: applied',
    'create-table users: failed',
    'set-point-in-time-recovery users: skipped',
  ])
  expect(outcome.error).toBe(denied)
  expect(model.writes).toEqual([
    { action: 'create-table', table: 'tenant' },
    { action: 'set-point-in-time-recovery', table: 'tenant' },
  ])
})

it('does nothing where there is nothing to do', async () => {
  const observed = new Map(desired.map((table) => [table.name, ready(table)]))
  const { outcome, model, run } = await apply(observed)
  expect([outcome.steps, outcome.observed, model.writes, run.clock.sleeps]).toEqual([[], observed, [], []])
})

describe('when a run beside ours was faster', () => {
  const beside = (what: (model: Model) => void, lost = false) =>
    apply(new Map([['tenant', ready(tenant)]]), (model) => {
      let conflict = true
      return {
        createTable: async (table) => {
          if (!conflict) return await model.dynamoDb.createTable(table)
          conflict = false
          what(model)
          throw refusal('ResourceInUseException', lost)
        },
      }
    })

  it('looks again, drops what it did, and performs the rest', async () => {
    const { outcome, results } = await beside((model) =>
      model.change('users', ready(users, { pointInTimeRecovery: { enabled: false } })),
    )
    expect(outcome.error).toBeUndefined()
    expect(results).toEqual(['create-table users: dropped', 'set-point-in-time-recovery users: applied'])
  })

  it('drops everything where it did everything', async () => {
    const { results, model } = await beside((model) => model.change('users', ready(users)))
    expect(results).toEqual(['create-table users: dropped', 'set-point-in-time-recovery users: dropped'])
    expect(model.writes).toEqual([])
  })

  it('takes the work for its own where the answer to an earlier try was lost', async () => {
    const { results } = await beside((model) => model.change('users', ready(users)), true)
    expect(results).toEqual(['create-table users: applied', 'set-point-in-time-recovery users: dropped'])
  })

  it('stops where the table now needs what was not planned', async () => {
    const { outcome, results } = await beside((model) => model.change('users', ready(users, { tags: managedOnly })))
    expect(results).toEqual(['create-table users: failed', 'set-point-in-time-recovery users: dropped'])
    expect(outcome.error).toMatchObject({
      message: expect.stringContaining('tag-table "users"'),
      remedy: expect.stringContaining('Run again'),
    })
  })

  it('stops where the table must now be refused', async () => {
    const { outcome, model } = await beside((model) => model.change('users', ready(users, { keys: tenant.keys })))
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(
        /^Someone else changed the table during this run\. .* has the key tenant_id \(S\)/,
      ),
    })
    expect(model.writes).toEqual([])
  })

  it('stops in its pause when the run is cancelled, and says that nothing was taken', async () => {
    const other = 'someone else, who is changing the table "users"'
    const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
    const { outcome } = await apply(new Map([['tenant', ready(tenant)]]), (_, run) => ({
      createTable: async () => {
        run.stopNow(cancelled)
        throw refusal('ResourceInUseException')
      },
    }))
    expect(outcome.steps.map(({ result }) => result)).toEqual([
      { status: 'failed', sent: false, error: cancelled.whileWaitingFor(other) },
      { status: 'skipped' },
    ])
  })

  it('waits until a change by somebody else is done, and then makes its own', async () => {
    const observed = new Map([
      ['tenant', ready(tenant)],
      ['users', ready(users, { billingMode: 'PROVISIONED' })],
    ] as const)
    const { outcome, results } = await apply(observed, ({ dynamoDb }, run) => {
      const began = run.clock.now()
      const busy = () => run.clock.now() - began < 30_000
      return {
        describeTable: async (table) => {
          const described = await dynamoDb.describeTable(table)
          if (described === undefined || table !== 'users' || !busy()) return described
          return { ...described, tableStatus: 'UPDATING', phase: 'changing' }
        },
        setBillingMode: async (table, to, sendBefore) => {
          if (busy()) throw refusal('ResourceInUseException')
          await dynamoDb.setBillingMode(table, to, sendBefore)
        },
      }
    })
    expect(outcome.error).toBeUndefined()
    expect(results).toEqual(['set-billing-mode users: applied'])
    expect(outcome.observed.get('users')).toEqual(ready(users))
  })

  it('gives up on a conflict that lasts', async () => {
    let tries = 0
    const { outcome, run } = await apply(new Map([['tenant', ready(tenant)]]), () => ({
      createTable: async () => {
        tries += 1
        throw refusal('ResourceInUseException')
      },
    }))
    expect(tries).toBe(6)
    expect(run.clock.sleeps).toEqual([400, 800, 1600, 3200, 6400])
    expect(outcome.steps[0]?.result).toEqual({ status: 'failed', sent: false, error: outcome.error })
    expect(outcome.error).toMatchObject({ code: 'ResourceInUseException' })
  })
})

describe('when the tags are locked, because somebody has just written them', () => {
  const untagged = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { tags: managedOnly })],
  ] as const)
  const locked = new DynamoDbError(
    'TagResource',
    'users',
    Object.assign(new Error('Table tags are being updated'), { name: 'LimitExceededException' }),
    false,
  )

  const tagging = (what: (model: Model) => void) =>
    apply(untagged, (model) => {
      let lock = true
      return {
        tagTable: async (arn, tags, sendBefore) => {
          if (!lock) return await model.dynamoDb.tagTable(arn, tags, sendBefore)
          lock = false
          what(model)
          throw locked
        },
      }
    })

  it('looks again once they can be seen, and does not take the table from another environment', async () => {
    const { outcome, model, run } = await tagging((model) =>
      model.change(
        'users',
        ready(users, { tags: new Map([...managedOnly, ['tenant-tables:environment', 'staging']]) }),
      ),
    )
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('belongs to the environment "staging"') })
    expect(model.writes).toEqual([])
    expect(run.clock.sleeps).toEqual([4000])
  })

  it('goes on where they are as it wants them, and writes them where they are not', async () => {
    expect((await tagging((model) => model.change('users', ready(users)))).results).toEqual([
      'tag-table users: dropped',
    ])
    expect((await tagging(() => undefined)).results).toEqual(['tag-table users: applied'])
  })
})

it('does not take its own tags, which show late, for the work of somebody else', async () => {
  const observed = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { billingMode: 'PROVISIONED', tags: managedOnly })],
  ] as const)
  const { outcome, results } = await apply(observed, (model) => {
    let conflict = true
    let looks = 0
    return {
      setBillingMode: async (table, to, sendBefore) => {
        if (!conflict) return await model.dynamoDb.setBillingMode(table, to, sendBefore)
        conflict = false
        throw refusal('ResourceInUseException')
      },
      listTags: async (arn) => (++looks === 1 ? managedOnly : await model.dynamoDb.listTags(arn)),
    }
  })
  expect(outcome.error).toBeUndefined()
  expect(results).toEqual(['tag-table users: applied', 'set-billing-mode users: applied'])
})

it('says of a write that had no answer, and was refused when it was sent again, that it may have been done', async () => {
  let tries = 0
  const untagged = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { tags: managedOnly })],
  ] as const)
  const { outcome } = await apply(untagged, () => ({
    tagTable: async () => {
      tries += 1
      throw tries === 1 ? refusal('InternalServerError', true) : refusal('AccessDeniedException')
    },
  }))
  expect(tries).toBe(2)
  expect(outcome.steps[0]?.result).toMatchObject({ sent: true, error: { code: 'AccessDeniedException' } })
})

it('says of a write that was under way when the run was cancelled that it may have been done', async () => {
  const cancelled = new StoppedError('The run was cancelled.', 'Run it again.', {
    isOutcomeUnknown: true,
  })
  const { outcome } = await apply(new Map([['tenant', ready(tenant)]]), () => ({
    createTable: async () => {
      throw cancelled
    },
  }))
  expect(outcome.steps[0]?.result).toEqual({ status: 'failed', sent: true, error: cancelled })
})

it('says of a step that was cancelled in its wait that DynamoDB took it', async () => {
  const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
  const { outcome, results } = await apply(new Map([['tenant', ready(tenant)]]), ({ dynamoDb }, run) => ({
    createTable: async (table) => {
      await dynamoDb.createTable(table)
      run.stopNow(cancelled)
    },
  }))
  expect(outcome.error).toMatchObject({
    message: 'The run was cancelled. It was waiting for the table "users" to be created, which usually takes 5 to 7 s.',
    remedy: 'Run it again. See in the AWS console what the table "users" is doing, if it stays so.',
  })
  expect(results).toEqual(['create-table users: failed', 'set-point-in-time-recovery users: skipped'])
  expect(outcome.steps[0]?.result).toEqual({ status: 'failed', sent: true, error: outcome.error })
})

it.each<[string, DescribedTable | undefined]>([
  ['gone', undefined],
  ['ARCHIVED', { ...describedFrom(ready(users)), tableStatus: 'ARCHIVED', phase: 'unavailable' }],
])('fails when the table it made is %s', async (word, seen) => {
  const { outcome } = await apply(new Map([['tenant', ready(tenant)]]), () => ({ describeTable: async () => seen }))
  expect(outcome.error).toMatchObject({ message: expect.stringContaining(`"users" is ${word} after create-table`) })
})

it.each<[string, boolean]>([
  ["DynamoDB's own no", false],
  ['something of which nobody knows what it left behind', true],
])('a step that ends with %s counts as sent: %s', async (_, sent) => {
  const error = new DynamoDbError('CreateTable', 'users', new Error('x'), sent)
  const { outcome } = await apply(new Map([['tenant', ready(tenant)]]), () => ({
    createTable: async () => {
      throw error
    },
  }))
  expect(outcome.steps[0]?.result).toEqual({ status: 'failed', sent, error })
})

it('fails when the table it changes is deleted and made anew while it waits', async () => {
  const observed = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { billingMode: 'PROVISIONED' })],
  ] as const)
  let looks = 0
  const { outcome, results } = await apply(observed, () => ({
    describeTable: async () => ({
      ...describedFrom(ready(users, { id: `id-${++looks}` })),
      tableStatus: 'UPDATING',
      phase: 'changing',
    }),
  }))
  expect(results).toEqual(['set-billing-mode users: failed'])
  expect(outcome.steps[0]?.result).toMatchObject({ sent: true })
  expect(outcome.error).toMatchObject({ message: expect.stringContaining('"users" was deleted and made anew') })
})

it('finishes the creation of one table and turns its recovery on when the creation of another one fails', async () => {
  const denied = refusal('AccessDeniedException')
  const { results, model, run } = await apply(new Map(), ({ dynamoDb }, { clock }) => {
    const began = clock.now()
    return {
      createTable: async (table) => {
        if (table.table === 'tenant') return await dynamoDb.createTable(table)
        throw denied
      },
      describeTable: async (table) => {
        const described = await dynamoDb.describeTable(table)
        if (described === undefined || clock.now() - began > 6000) return described
        return { ...described, tableStatus: 'CREATING', phase: 'changing' }
      },
    }
  })
  expect(results).toEqual([
    'create-table tenant: applied',
    'set-point-in-time-recovery tenant: applied',
    'create-table users: failed',
    'set-point-in-time-recovery users: skipped',
  ])
  expect(model.writes.map(({ table }) => table)).toEqual(['tenant', 'tenant'])
  expect(run.clock.sleeps).toEqual([3000, 450, 450, 450, 450, 450, 450, 450])
})

describe('a table that somebody deleted and made anew', () => {
  const untagged = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { tags: managedOnly })],
  ] as const)
  const anew = ready(users, { id: 'another', tags: managedOnly })

  it('gets nothing that was planned for the one of before', async () => {
    let tries = 0
    const { outcome, results, model } = await apply(untagged, (it) => ({
      tagTable: async () => {
        tries += 1
        it.change('users', anew)
        throw refusal('ResourceInUseException')
      },
    }))
    expect([tries, results, model.writes]).toEqual([1, ['tag-table users: failed'], []])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('made anew by somebody else') })
  })

  it('is no success at the closing look, though it is as defined', async () => {
    const { outcome, results } = await apply(untagged, (it) => ({
      tagTable: async () => it.change('users', ready(users, { id: 'another' })),
    }))
    expect(results).toEqual(['tag-table users: applied'])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('made anew by somebody else') })
  })
})

it('performs nothing of a plan that has a refusal', async () => {
  const { outcome, results, model } = await apply(new Map([['users', ready(users, { keys: tenant.keys })]]))
  expect(results).toEqual(['create-table tenant: skipped', 'set-point-in-time-recovery tenant: skipped'])
  expect([outcome.error, model.writes]).toEqual([undefined, []])
})

it('does not send a step that it does not know', async () => {
  const observed = new Map(desired.map((table) => [table.name, ready(table)]))
  const model = modelDynamoDb(observed)
  const step = { action: 'resize-table', table: 'users' } as unknown as Step
  const plan = { ...planTables(target, desired, observed), steps: [step] }
  const run = aRun()
  const lookedAt = run.clock.now()
  const outcome = await applyPlan({ dynamoDb: model.dynamoDb, target, desired, observed, lookedAt, plan, run })
  expect(outcome.error).toMatchObject({ message: `Unhandled case: ${JSON.stringify(step)}` })
  expect(model.writes).toEqual([])
})

describe('after its steps it looks again', () => {
  it('and waits for tags that show late', async () => {
    const observed = new Map([
      ['tenant', ready(tenant)],
      ['users', ready(users, { tags: new Map([...users.tags].slice(1)) })],
    ])
    let looks = 0
    const { outcome, run } = await apply(observed, ({ dynamoDb }) => ({
      listTags: async (arn) =>
        ++looks < 6 ? observed.get(arn.split('/')[1] ?? '')?.tags : await dynamoDb.listTags(arn),
    }))
    expect(outcome.error).toBeUndefined()
    expect(run.clock.sleeps).toEqual([1000, 1000])
  })

  it('and, cancelled there, says that every step was performed but not that the tables are as defined', async () => {
    const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
    const observed = new Map([
      ['tenant', ready(tenant)],
      ['users', ready(users, { tags: managedOnly })],
    ])
    const { outcome, results } = await apply(observed, (_, run) => ({
      tagTable: async () => run.stopNow(cancelled),
    }))
    expect([results, outcome.observed]).toEqual([['tag-table users: applied'], observed])
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(
        /^The run was cancelled\. It was waiting for what was written to show: tag-table "u/,
      ),
    })
  })

  it('and once more where the look itself took longer than that: what it showed was there when it began', async () => {
    const observed = new Map([
      ['tenant', ready(tenant)],
      ['users', ready(users, { tags: managedOnly })],
    ])
    let looks = 0
    const { outcome, run } = await apply(observed, ({ dynamoDb }, { clock }) => ({
      listTags: async (arn) => {
        // Of the first closing look.
        if (!arn.endsWith('users') || ++looks > 1) return await dynamoDb.listTags(arn)
        await clock.sleep(30_000, new AbortController().signal)
        return managedOnly
      },
    }))
    expect(outcome.error).toBeUndefined()
    expect(run.clock.sleeps).toEqual([30_000, 1000])
  })

  it('and fails after ten seconds where the tables still differ', async () => {
    const observed = new Map([
      ['tenant', ready(tenant)],
      ['users', ready(users, { tags: managedOnly })],
    ])
    const { outcome, results, run } = await apply(observed, () => ({ tagTable: async () => undefined }))
    expect(results).toEqual(['tag-table users: applied'])
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(/still differ from their definition: tag-table/),
    })
    expect(run.clock.sleeps).toEqual(Array(10).fill(1000))
  })

  it('and fails where a table must now be refused', async () => {
    const observed = new Map([
      ['tenant', ready(tenant)],
      ['users', ready(users, { deletionProtection: false })],
    ])
    const { outcome } = await apply(observed, (model) => ({
      setDeletionProtection: async () => model.change('tenant', { status: 'unavailable', tableStatus: 'DELETING' }),
    }))
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('The table "tenant" is DELETING.') })
  })
})

describe('a destruction', () => {
  const own = theTables()
  const at = aTarget()
  const policy = { destroy: true, allow: [] }
  const all = new Map(own.map((table) => [table.name, ready(table)]))

  async function destroy(
    observed: ObservedTables,
    changes: (model: Model, run: FakeRun) => Partial<DynamoDb> = () => ({}),
  ) {
    const model = modelDynamoDb(observed)
    const run = aRun()
    const plan = planTables(at, own, observed, policy)
    const outcome = await applyPlan({
      dynamoDb: { ...model.dynamoDb, ...changes(model, run) },
      target: at,
      desired: own,
      observed,
      lookedAt: run.clock.now(),
      plan,
      run,
    })
    return { outcome, model, run, results: outcome.steps.map(({ step, result }) => `${step.table}: ${result.status}`) }
  }

  it('deletes, and waits until the tables are gone', async () => {
    let looks = 0
    const { outcome, results } = await destroy(all, ({ dynamoDb }) => ({
      describeTable: async (table) => {
        looks += 1
        const settled = describedFrom(ready(table === 'users' ? own[1] : own[0]))
        return looks < 5
          ? { ...settled, tableStatus: 'DELETING', phase: 'unavailable' }
          : await dynamoDb.describeTable(table)
      },
    }))
    expect([outcome.error, results]).toEqual([undefined, ['tenant: applied', 'users: applied']])
    expect([...outcome.observed.values()]).toEqual([{ status: 'absent' }, { status: 'absent' }])
  })

  it('waits for a table that is being deleted already, without a step for it', async () => {
    const observed = new Map<string, ObservedTable>([['users', { status: 'unavailable', tableStatus: 'DELETING' }]])
    let looks = 0
    const { outcome, model, run } = await destroy(observed, (it) => ({
      describeTable: async (table) => {
        looks += 1
        if (looks === 4) it.change('users', { status: 'absent' })
        return await it.dynamoDb.describeTable(table)
      },
    }))
    expect([outcome.error, model.writes, outcome.steps]).toEqual([undefined, [], []])
    expect(run.clock.sleeps.length).toBeGreaterThan(1)
  })

  it('calls nothing where all is gone', async () => {
    const calls = () => Promise.reject(new Error('DynamoDB was called'))
    const { outcome } = await destroy(new Map(), () => ({ describeTable: calls }))
    expect(outcome.error).toBeUndefined()
  })

  it.each(['ResourceNotFoundException', 'ResourceInUseException'])(
    'that meets another one (%s) takes it for its own end',
    async (code) => {
      const { outcome, results } = await destroy(all, (model) => ({
        deleteTable: async (table) => {
          model.change(table, { status: 'absent' })
          throw refusal(code)
        },
      }))
      expect([outcome.error, results]).toEqual([undefined, ['tenant: dropped', 'users: dropped']])
    },
  )

  it('that meets another one waits until that one is done, too', async () => {
    const { outcome, results, run } = await destroy(all, (model, { clock }) => {
      let begun = 0
      return {
        deleteTable: async (table, sendBefore) => {
          if (table !== 'users') return await model.dynamoDb.deleteTable(table, sendBefore)
          begun = clock.now()
          model.change(table, { status: 'unavailable', tableStatus: 'DELETING' })
          throw refusal('ResourceInUseException')
        },
        describeTable: async (table) => {
          if (table === 'users' && begun > 0 && clock.now() - begun >= 4000) model.change(table, { status: 'absent' })
          return await model.dynamoDb.describeTable(table)
        },
      }
    })
    expect([outcome.error, results]).toEqual([undefined, ['tenant: applied', 'users: dropped']])
    expect([...outcome.observed.values()]).toEqual([{ status: 'absent' }, { status: 'absent' }])
    expect(run.clock.sleeps.length).toBeGreaterThan(5)
  })

  it('waits out a change that is under way, then deletes', async () => {
    let tries = 0
    const { results } = await destroy(all, ({ dynamoDb }) => ({
      deleteTable: async (table, sendBefore) => {
        if (table === 'users' && ++tries < 3) throw refusal('ResourceInUseException')
        await dynamoDb.deleteTable(table, sendBefore)
      },
    }))
    expect([results, tries]).toEqual([['tenant: applied', 'users: applied'], 3])
  })

  it('stops where somebody protects the table meanwhile', async () => {
    const { outcome, results } = await destroy(all, (model) => ({
      deleteTable: async (table, sendBefore) => {
        if (table !== 'users') return await model.dynamoDb.deleteTable(table, sendBefore)
        model.change('users', ready(own[1], { deletionProtection: true }))
        throw refusal('ResourceInUseException')
      },
    }))
    expect(results).toEqual(['tenant: applied', 'users: failed'])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('has deletion protection on') })
  })

  it('fails where somebody makes the table anew while it waits', async () => {
    const { outcome } = await destroy(new Map([['users', ready(own[1])]]), (model) => ({
      deleteTable: async () => model.change('users', ready(own[1], { id: 'another' })),
    }))
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('made anew by somebody else') })
  })

  it.each(['ResourceInUseException', 'ThrottlingException', 'InternalServerError'])(
    'looks before it sends a deletion again, and leaves a table that was made anew since: %s',
    async (code) => {
      let tries = 0
      const { outcome, model, results } = await destroy(all, (it) => ({
        deleteTable: async (table, sendBefore) => {
          if (table !== 'users') return await it.dynamoDb.deleteTable(table, sendBefore)
          tries += 1
          it.change('users', ready(own[1], { id: 'another' }))
          throw refusal(code)
        },
      }))
      expect([tries, results]).toEqual([1, ['tenant: applied', 'users: failed']])
      expect(outcome.error).toMatchObject({ message: expect.stringContaining('made anew by somebody else') })
      expect(model.tables().get('users')).toMatchObject({ id: 'another' })
    },
  )

  it('waits out a throttled account however often it is throttled, looking each time', async () => {
    let tries = 0
    const { outcome, results, run } = await destroy(all, ({ dynamoDb }) => ({
      deleteTable: async (table, sendBefore) => {
        if (table === 'users' && ++tries < 12) throw refusal('ThrottlingException')
        await dynamoDb.deleteTable(table, sendBefore)
      },
    }))
    expect([outcome.error, results, tries]).toEqual([undefined, ['tenant: applied', 'users: applied'], 12])
    expect(run.lines.filter((line) => line.includes('reading the table again in'))).toHaveLength(11)
  })

  it('gives up on a service that does not answer, and says that the deletion may have been taken', async () => {
    let tries = 0
    const { outcome } = await destroy(all, ({ dynamoDb }) => ({
      deleteTable: async (table, sendBefore) => {
        if (table !== 'users') return await dynamoDb.deleteTable(table, sendBefore)
        tries += 1
        throw refusal('InternalServerError', tries === 1)
      },
    }))
    expect(tries).toBe(8)
    expect(outcome.steps[1]?.result).toMatchObject({ status: 'failed', sent: true })
  })

  it('takes a deletion for its own whose answer was lost, though a later try found nothing', async () => {
    let tries = 0
    const { results } = await destroy(all, (model) => ({
      deleteTable: async (table, sendBefore) => {
        if (table !== 'users') return await model.dynamoDb.deleteTable(table, sendBefore)
        tries += 1
        if (tries === 1) throw refusal('InternalServerError', true)
        model.change('users', { status: 'absent' })
        throw refusal('ResourceNotFoundException')
      },
    }))
    expect(results).toEqual(['tenant: applied', 'users: applied'])
  })

  it('fails where a table that was being deleted never goes', async () => {
    const observed = new Map<string, ObservedTable>([['users', { status: 'unavailable', tableStatus: 'DELETING' }]])
    const { outcome } = await destroy(observed)
    expect(outcome.error).toMatchObject({
      message: expect.stringContaining('Waited 600 s for the table "users" to be gone'),
    })
  })
})

it('looks at two tables that take 8 s to be created no more than 45 calls’ worth, and ends half a second after them', async () => {
  const own = theTables()
  let calls = 0
  let createdAt = 0
  const { outcome, run } = await apply(
    new Map(),
    ({ dynamoDb }, { clock }) => {
      const counted = <Arguments extends readonly unknown[], Answer>(
        send: (...given: Arguments) => Promise<Answer>,
      ) => {
        return async (...given: Arguments): Promise<Answer> => {
          calls += 1
          return await send(...given)
        }
      }
      return {
        createTable: counted(async (table) => {
          createdAt = clock.now()
          await dynamoDb.createTable(table)
        }),
        describeTable: counted(async (table) => {
          const described = await dynamoDb.describeTable(table)
          const isYoung = described !== undefined && clock.now() - createdAt < 8000
          return isYoung ? { ...described, tableStatus: 'CREATING', phase: 'changing' } : described
        }),
        describeRecovery: counted(dynamoDb.describeRecovery),
        listTags: counted(dynamoDb.listTags),
      }
    },
    own,
  )
  expect(outcome.error).toBeUndefined()
  // Two hops and the six reads of the plan come before.
  expect(calls + 8).toBeLessThanOrEqual(45)
  expect(run.clock.now() - createdAt - 8000).toBeLessThanOrEqual(500)
})

const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })
const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })

it('a write that was throttled eight times survives one connection that breaks', async () => {
  const observed = new Map(
    desired.map((table) => [table.name, ready(table, table.name === 'users' ? { tags: managedOnly } : {})]),
  )
  const model = modelDynamoDb(observed)
  const run = aRun()
  let tries = 0
  const outcome = await applyPlan({
    dynamoDb: {
      ...model.dynamoDb,
      tagTable: async (arn, tags, sendBefore) => {
        tries += 1
        if (tries <= 8) throw new DynamoDbError('TagResource', arn, throttled, false)
        if (tries === 9) throw new DynamoDbError('TagResource', arn, reset, true)
        await model.dynamoDb.tagTable(arn, tags, sendBefore)
      },
    },
    target: target,
    desired,
    observed,
    lookedAt: run.clock.now(),
    plan: planTables(target, desired, observed),
    run,
  })
  expect(outcome.error).toBeUndefined()
})

it('a step that another run did, and a later look still shows undone, is planned: it was printed', async () => {
  const observed = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { billingMode: 'PROVISIONED', tags: managedOnly })],
  ] as const)
  const model = modelDynamoDb(observed)
  const run = aRun()
  const locked = Object.assign(new Error('Table tags are being updated'), {
    name: 'LimitExceededException',
    $metadata: { httpStatusCode: 400 },
  })
  let looks = 0
  const outcome = await applyPlan({
    dynamoDb: {
      ...model.dynamoDb,
      // The run beside ours has just written them.
      tagTable: async (arn) => {
        model.change('users', ready(users, { billingMode: 'PROVISIONED' }))
        throw new DynamoDbError('TagResource', arn, locked, false)
      },
      setBillingMode: async (table, to, sendBefore) => {
        if (looks === 1)
          throw new DynamoDbError(
            'UpdateTable',
            table,
            Object.assign(new Error('x'), { name: 'ResourceInUseException', $metadata: { httpStatusCode: 400 } }),
            false,
          )
        await model.dynamoDb.setBillingMode(table, to, sendBefore)
      },
      // The first look shows the new tags, the second one the old ones: ListTagsOfResource is eventually consistent.
      listTags: async (arn) => {
        if (!arn.endsWith('users')) return tenant.tags
        looks += 1
        return looks === 2 ? managedOnly : users.tags
      },
    },
    target: target,
    desired,
    observed,
    lookedAt: run.clock.now(),
    plan: planTables(target, desired, observed),
    run,
  })
  expect(outcome.error).toBeUndefined()
})

it('a run stopped at its closing look, where a table must be refused, says what it waited for', async () => {
  const observed = new Map(desired.map((table) => [table.name, ready(table, { tags: managedOnly })]))
  const model = modelDynamoDb(observed)
  const run = aRun()
  const outcome = await applyPlan({
    dynamoDb: {
      ...model.dynamoDb,
      tagTable: async (arn, tags, sendBefore) => {
        await model.dynamoDb.tagTable(arn, tags, sendBefore)
        if (!arn.endsWith('users')) return
        model.change('users', { status: 'unavailable', tableStatus: 'ARCHIVED' })
        run.stopNow(new StoppedError('The run was cancelled.', 'Run it again.'))
      },
    },
    target: target,
    desired,
    observed,
    lookedAt: run.clock.now(),
    plan: planTables(target, desired, observed),
    run,
  })
  expect(String(outcome.error)).not.toContain('to show: .')
})
