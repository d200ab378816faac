/** Runs that end at any call: the next run completes the work, and no sample item stays behind. */
import type { Watcher } from '../../sandbox/sandbox.ts'
import { startEmulator } from '../support/emulator.ts'

const { sandbox, hands, runAction, reset, close } = await startEmulator()
beforeEach(() => reset())
afterAll(() => close())

/** The number of requests of a run. */
async function countRequests(inputs: Readonly<Record<string, string>>): Promise<number> {
  sandbox.clearRequests()
  await runAction(inputs)
  return sandbox.requests.length
}

describe('an apply that is killed', () => {
  /** From the n-th call on no request arrives, as after SIGKILL. That call is performed, or not. */
  const killed = (at: number, moment: 'before' | 'after') => (): Watcher => {
    let seen = 0
    return (when) => {
      if (when === 'before') seen += 1
      if (seen > at || (seen === at && when === moment)) throw new Error('The process was killed')
    }
  }

  it('at any call is completed by the next run with the same reviewed plan, and creates no table twice', async () => {
    const inputs = { environment: 'live', 'production-environments': 'live', tags: 'team=planner' }
    const all = await countRequests(inputs)
    expect(all).toBeGreaterThan(12)
    for (let at = 1; at <= all; at += 1) {
      for (const moment of ['before', 'after'] as const) {
        await reset()
        const reviewed = await runAction({ ...inputs, command: 'plan' })
        const reviewedInputs = { ...inputs, 'expected-plan': reviewed.outputs.plan ?? '' }
        sandbox.clearRequests()
        await runAction(reviewedInputs, { watch: killed(at, moment) })
        const { exitCode, errors } = await runAction(reviewedInputs)
        expect({ at, moment, exitCode, errors }).toEqual({ at, moment, exitCode: 0, errors: [] })
        expect((await runAction({ ...inputs, command: 'plan' })).outputs['has-changes']).toBe('false')
        const created = sandbox.requests.filter(
          ({ operation, status }) => operation === 'CreateTable' && status === 200,
        )
        expect(created).toHaveLength(2)
      }
    }
  }, 120_000)
})

describe('a verification', () => {
  const itemsInTables = async () => {
    const scans = ['tenant', 'users'].map((TableName) => hands.call('Scan', { TableName }))
    return (await Promise.all(scans)).flatMap(
      ({ Items }) => Items as { user_id?: { S: string }; tenant_id: { S: string } }[],
    )
  }

  it('that is cancelled at any call deletes its sample items', async () => {
    await runAction({})
    const all = await countRequests({ command: 'verify' })
    expect(all).toBeGreaterThan(20)
    let interrupted = 0
    for (let at = 1; at <= all; at += 1) {
      for (const moment of ['before', 'after'] as const) {
        let seen = 0
        const { errors, exitCode } = await runAction(
          { command: 'verify' },
          {
            watch: (runner) => (when) => {
              if (when === 'before') seen += 1
              if (seen === at && when === moment) runner.interrupt()
            },
          },
        )
        if (exitCode === 1) interrupted += 1
        const items = await itemsInTables()
        expect({ at, moment, items, errors: items.length > 0 ? errors : [] }).toEqual({
          at,
          moment,
          items: [],
          errors: [],
        })
      }
    }
    expect(interrupted).toBeGreaterThan(all / 2)
  }, 60_000)

  it('that may not delete items names every item that it left in the tables', async () => {
    await runAction({})
    sandbox.faults.add({
      service: 'dynamodb',
      operation: 'DeleteItem',
      kind: 'error',
      errorName: 'AccessDeniedException',
      status: 400,
      times: 4,
    })
    const { exitCode, errors } = await runAction({ command: 'verify' })
    const items = await itemsInTables()
    expect([exitCode, items.length]).toEqual([1, 4])
    for (const { tenant_id, user_id } of items) expect(errors.join()).toContain(user_id?.S ?? tenant_id.S)
  })
})

it('a destroy that is killed is completed by the next run with the same reviewed plan', async () => {
  await runAction({})
  const plan = await runAction({ command: 'plan', destroy: 'true' })
  const reviewedInputs = {
    command: 'destroy',
    'confirm-destroy': 'tenant\nusers',
    'expected-plan': plan.outputs.plan ?? '',
  }
  let seen = 0
  await runAction(reviewedInputs, {
    watch:
      () =>
      (moment, { operation }) => {
        if (operation === 'DeleteTable' && moment === 'after') seen += 1
        if (seen > 0) throw new Error('The process was killed')
      },
  })
  const { exitCode, errors, outputs, lines, summary } = await runAction(reviewedInputs)
  expect([seen > 0, exitCode, errors]).toEqual([true, 0, []])
  expect(JSON.parse(outputs.tables ?? '').users).toEqual({ name: 'users', arn: expect.any(String) })
  for (const text of [lines.join('\n'), summary])
    expect(text).toContain(`Compared with the reviewed plan ${plan.outputs['plan-digest']}`)
  expect([hands.table('tenant'), hands.table('users')]).toEqual([undefined, undefined])
})

it('a plan, a verification without sample items and a refused run write nothing', async () => {
  await runAction({})
  sandbox.clearRequests()
  await runAction({ command: 'plan' })
  await runAction({ command: 'plan', destroy: 'true' })
  await runAction({ command: 'verify', 'sample-items': 'false' })
  await runAction({ 'expected-plan-digest': '0'.repeat(64), tags: 'a=b' })
  const writes = sandbox.requests.filter(
    ({ service, operation }) => service === 'dynamodb' && !/^(Describe|List|Get|Query)/.test(operation),
  )
  expect(writes).toEqual([])
})
