import * as v from 'valibot'
import { type Stream, streamSpecification } from '../../../src/table/properties/stream-specification.ts'
import { aTable, comparison, readDescribed } from '../../support/builders.ts'
import { startSandboxRuns } from '../../support/sandbox-runs.ts'

const { apply, change, hands } = await startSandboxRuns()

const off: Stream = { StreamEnabled: false }
const on = (StreamViewType: string): Stream => ({ StreamEnabled: true, StreamViewType })
const replicas = [{ region: 'eu-west-1', status: 'ACTIVE' }]

describe('changes', () => {
  const changes = (from: Stream, to: Stream) => streamSpecification.changes(from, to, comparison)

  it('turns a stream on by one safe step', () => {
    expect(changes(off, on('NEW_IMAGE'))).toEqual([{ kind: 'update', from: off, to: on('NEW_IMAGE'), risk: 'safe' }])
  })

  it('turns a stream off only with end-stream, and warns what its consumers lose', () => {
    expect(changes(on('NEW_IMAGE'), off)).toEqual([
      {
        kind: 'update',
        from: on('NEW_IMAGE'),
        to: off,
        risk: { allow: ['end-stream'] },
        warning:
          'The stream of "users" ends. Later changes of items are in no stream. The records of the old stream stay readable under its ARN for 24 hours.',
      },
    ])
  })

  it('replaces a stream for another view type by two steps: off, then on', () => {
    expect(changes(on('KEYS_ONLY'), on('NEW_IMAGE'))).toEqual([
      {
        kind: 'update',
        from: on('KEYS_ONLY'),
        to: off,
        risk: { allow: ['end-stream'] },
        warning: expect.stringContaining('another ARN, to which its consumers must be moved'),
      },
      // The same step as for a stream that is off: a run that dies between the two is carried on by the next one.
      ...changes(off, on('NEW_IMAGE')),
    ])
  })

  it('changes nothing where the stream is as declared', () => {
    expect([changes(off, off), changes(on('KEYS_ONLY'), on('KEYS_ONLY'))]).toEqual([[], []])
  })

  it.each([
    ['off', off],
    ['on, NEW_IMAGE', on('NEW_IMAGE')],
  ])('cannot become %s while the table has replicas', (described, to) => {
    expect(streamSpecification.changes(on('NEW_AND_OLD_IMAGES'), to, { ...comparison, replicas })).toEqual([
      {
        kind: 'impossible',
        reason: expect.stringContaining(`declares ${described}. The table has replicas: eu-west-1 (ACTIVE).`),
        remedy: expect.stringContaining('delete the replicas'),
      },
    ])
  })

  it('may be turned on while the table has replicas', () => {
    const found = streamSpecification.changes(off, on('NEW_AND_OLD_IMAGES'), { ...comparison, replicas })
    expect(found).toMatchObject([{ kind: 'update', risk: 'safe' }])
  })
})

it.each([
  [undefined, off],
  [{ StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } as const, on('KEYS_ONLY')],
  [{ StreamEnabled: false }, off],
  // A disabled block may linger.
  [{ StreamEnabled: false, StreamViewType: 'KEYS_ONLY' } as const, off],
])('reads %j', (StreamSpecification, value) => {
  expect(readDescribed(streamSpecification, { StreamSpecification })).toEqual(value)
})

describe('is declared', () => {
  const { declaration } = streamSpecification
  const field = declaration?.fields.StreamSpecification
  if (declaration === undefined || field === undefined) throw new Error('The declaration has a field')
  const declare = (value: unknown) =>
    declaration.normalize({ StreamSpecification: v.parse(field, value) }, new Map<string, 'S'>())

  it('with a view type alone, as in CloudFormation, or with StreamEnabled', () => {
    expect(declare({ StreamViewType: 'OLD_IMAGE' })).toEqual(on('OLD_IMAGE'))
    expect(declare({ StreamEnabled: true, StreamViewType: 'OLD_IMAGE' })).toEqual(on('OLD_IMAGE'))
    expect(declare({ StreamEnabled: false })).toEqual(off)
  })

  it.each([{ StreamViewType: 'old_image' }, { StreamViewType: 'OLD_IMAGE', ResourcePolicy: {} }])(
    'but not as %j',
    (value) => {
      expect(v.is(field, value)).toBe(false)
    },
  )
})

it('sends a view type only for a stream that is on', () => {
  const request = (to: Stream) => streamSpecification.request?.({ name: 'users', arn: 'arn' }, { from: off, to })
  expect(request(on('KEYS_ONLY'))).toEqual({
    operation: 'UpdateTable',
    input: { TableName: 'users', StreamSpecification: on('KEYS_ONLY') },
  })
  expect(request({ StreamEnabled: false, StreamViewType: undefined })).toEqual({
    operation: 'UpdateTable',
    input: { TableName: 'users', StreamSpecification: off },
  })
})

describe('in the sandbox', () => {
  const declared = aTable({ StreamSpecification: on('NEW_IMAGE') })
  const withoutStream = aTable({ StreamSpecification: off })

  /** The time until a change by hand is complete. */
  const settled = () => apply(aTable())

  it('is created with the table, and the next run changes nothing', async () => {
    const { outcome, steps } = await apply(declared)
    expect(outcome.error).toBeUndefined()
    expect(steps).toEqual([expect.stringContaining('stream = on, NEW_IMAGE')])
    expect(outcome.observed.get('users')).toMatchObject({ streamArn: expect.stringContaining('/stream/') })
    const { operations } = await apply(declared)
    expect(operations).not.toContain('UpdateTable')
  })

  it('is off for a new table that declares it off, which the next runs never send', async () => {
    await apply(withoutStream)
    const { operations, outcome } = await apply(withoutStream)
    expect([operations.includes('UpdateTable'), outcome.error]).toEqual([false, undefined])
  })

  it('is turned on after the creation, and repaired after someone turned it off', async () => {
    await apply(aTable())
    const step = 'update StreamSpecification of "users": stream off -> on, NEW_IMAGE'
    const first = await apply(declared)
    expect([first.steps, first.statuses, first.outcome.error]).toEqual([[step], ['applied'], undefined])
    await change({ StreamSpecification: off })
    expect(await apply(declared)).toMatchObject({ steps: [step], statuses: ['applied'] })
    expect((await apply(declared)).steps).toEqual([])
  })

  it('is left alone and reported where the definition omits it', async () => {
    await apply(declared)
    const { steps, plan } = await apply(aTable())
    expect([steps, plan.tables[0]?.unmanaged]).toEqual([[], [{ path: 'stream', value: 'NEW_IMAGE' }]])
  })

  it('is turned off only with end-stream, and its ARN is no output then', async () => {
    await apply(declared)
    const { plan, operations } = await apply(withoutStream)
    expect(plan.refusals).toMatchObject([
      {
        code: 'end-stream',
        reason: expect.stringMatching(/is on, NEW_IMAGE.*readable under that ARN for 24 hours/),
        remedy: expect.stringContaining('Or, to end the stream, add this line to allow: end-stream'),
      },
    ])
    expect(operations).not.toContain('UpdateTable')
    const allowed = await apply(withoutStream, { allow: ['end-stream'] })
    expect(allowed.plan.notices).toMatchObject([{ level: 'warning', code: 'consequence' }])
    expect([allowed.statuses, allowed.outcome.error]).toEqual([['applied'], undefined])
    expect(allowed.outcome.observed.get('users')).not.toHaveProperty('streamArn')
    expect((await apply(withoutStream)).steps).toEqual([])
  })

  it('is replaced for another view type, each step waited for, under a new ARN', async () => {
    await apply(declared)
    const before = hands.table('users')?.stream?.arn
    const other = aTable({ StreamSpecification: on('KEYS_ONLY') })
    expect((await apply(other)).plan.refusals).toMatchObject([{ code: 'end-stream' }])
    const { steps, statuses, outcome } = await apply(other, { allow: ['end-stream'] })
    expect(steps).toEqual([
      'update StreamSpecification of "users": stream on, NEW_IMAGE -> off',
      'update StreamSpecification of "users": stream off -> on, KEYS_ONLY',
    ])
    expect([statuses, outcome.error]).toEqual([['applied', 'applied'], undefined])
    expect(hands.table('users')?.stream).toMatchObject({ enabled: true, viewType: 'KEYS_ONLY' })
    expect(hands.table('users')?.stream?.arn).not.toBe(before)
    expect((await apply(other)).steps).toEqual([])
  })

  it('changes on a provisioned table, beside its other changes', async () => {
    await hands.call('CreateTable', {
      TableName: 'users',
      AttributeDefinitions: declared.properties.KeySchema.map(({ AttributeName, AttributeType }) => ({
        AttributeName,
        AttributeType,
      })),
      KeySchema: declared.properties.KeySchema.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
      Tags: declared.properties.Tags,
    })
    await settled()
    const { steps, outcome } = await apply(declared)
    expect([steps.length, outcome.error]).toEqual([1, undefined])
  })

  it('stays as it is on a table that has replicas', async () => {
    await apply(declared)
    hands.setReplicaStatus('users', 'eu-west-1', 'ACTIVE')
    const { plan } = await apply(withoutStream, { allow: ['end-stream'] })
    expect(plan.refusals).toMatchObject([{ code: 'impossible-change' }])
  })

  it('is carried on by the next run where a run died between off and on', async () => {
    await apply(declared)
    await change({ StreamSpecification: off })
    const { steps } = await apply(aTable({ StreamSpecification: on('KEYS_ONLY') }))
    expect(steps).toEqual(['update StreamSpecification of "users": stream off -> on, KEYS_ONLY'])
  })
})
