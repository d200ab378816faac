import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import {
  digestPlan,
  digestReviewed,
  readPlanDocument,
  renderPlanDocument,
  reviewable,
} from '../../src/plan/document.ts'
import { planTables } from '../../src/plan/planner.ts'
import { shorten } from '../../src/text/readable.ts'
import { aTarget, production, ready, theTables } from '../support/builders.ts'
import { world } from '../support/worlds.ts'

const schema = JSON.parse(readFileSync(new URL('../../docs/schemas/plan.schema.json', import.meta.url), 'utf8'))
const isPlan = new Ajv2020({ strict: false, allErrors: true }).compile(schema)
const desired = theTables()
const absentPlan = planTables(aTarget(), desired, new Map())

it('the schema describes the document of every plan, and no field that it does not name', () => {
  const codes = new Set<string>()
  fc.assert(
    fc.property(world, ({ target, desired: tables, observed, policy }) => {
      const plan = planTables(target, tables, observed, policy)
      for (const { action } of plan.steps) codes.add(action)
      for (const { code } of plan.refusals) codes.add(code)
      const document = JSON.parse(renderPlanDocument(plan))
      expect(isPlan(document) ? [] : isPlan.errors).toEqual([])
    }),
    { numRuns: 500 },
  )
  expect(codes.size).toBeGreaterThan(12)
  expect(isPlan({ ...JSON.parse(renderPlanDocument(absentPlan)), surprise: 1 })).toBe(false)
})

it('a plan that is read back is the plan that was written', () => {
  fc.assert(
    fc.property(world, ({ target, desired: tables, observed, policy }) => {
      const plan = planTables(target, tables, observed, policy)
      const read = readPlanDocument(renderPlanDocument(plan))
      if (plan.refusals.length > 0) {
        expect(read).toMatch(/^was refused, for/)
        return
      }
      expect(read).toEqual({
        ...reviewable(plan),
        steps: reviewable(plan).steps.map((step) => ({ ...step, description: shorten(step.description) })),
      })
      expect(typeof read === 'string' ? read : digestReviewed(read)).toBe(digestPlan(plan))
    }),
    { numRuns: 200 },
  )
})

it('every step is told with its class, how long it usually takes where that is long, and in one line', () => {
  const [, users] = theTables({ environment: production })
  const plan = planTables(
    aTarget({ environment: production }),
    [users],
    new Map([['users', ready(users, { billingMode: 'PROVISIONED', deletionProtection: false })]]),
  )
  expect(JSON.parse(renderPlanDocument(plan)).steps).toMatchObject([
    { class: 'update', action: 'enable-deletion-protection' },
    {
      class: 'slow',
      usualDuration: '2 to 3 minutes the first time',
      description: 'set-billing-mode "users": billing mode PROVISIONED -> PAY_PER_REQUEST',
    },
  ])
})

describe('the digest', () => {
  const ids = (id: string) => new Map([['users', ready(desired[1], { id, billingMode: 'PROVISIONED' })]])
  const digest = digestPlan(planTables(aTarget(), desired, ids('a')))

  it('is 64 hexadecimal digits, the same for the same plan', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(digestPlan(planTables(aTarget(), desired, ids('a')))).toBe(digest)
  })

  it.each([
    ['the account', planTables(aTarget({ account: '333333333333' }), desired, ids('a'))],
    ['the region', planTables(aTarget({ region: 'eu-west-1' }), desired, ids('a'))],
    ['what is production', planTables(aTarget({ environment: { name: 'dev', production: true } }), desired, ids('a'))],
    ['the environment', planTables(aTarget({ environment: { name: 'qa', production: false } }), desired, ids('a'))],
    ['the id of a table', planTables(aTarget(), desired, ids('b'))],
    ['the steps', planTables(aTarget(), desired, new Map([['users', ready(desired[1], { id: 'a' })]]))],
    ['whether tables are deleted', planTables(aTarget(), desired, ids('a'), { destroy: true, allow: [] })],
  ])('is another where %s differs', (_, plan) => expect(digestPlan(plan)).not.toBe(digest))

  it('does not depend on the order of names, which a tool that reads JSON may change', () => {
    const written = renderPlanDocument(absentPlan)
    const names = new Set<string>()
    JSON.parse(written, (name, value) => {
      names.add(name)
      return value
    })
    const turned = JSON.stringify(JSON.parse(written), [...names].sort().reverse())
    expect(turned).not.toBe(JSON.stringify(JSON.parse(written)))
    expect(readPlanDocument(turned)).toEqual(expect.objectContaining({ destroy: false }))
  })

  it('does not depend on what somebody else set', () => {
    const unmanaged = [{ path: 'stream', value: 'x' }]
    const observed = ready(desired[1], { id: 'a', billingMode: 'PROVISIONED', unmanaged })
    expect(digestPlan(planTables(aTarget(), desired, new Map([['users', observed]])))).toBe(digest)
  })
})

describe('what is no plan is told by what is wrong with it', () => {
  const document = JSON.parse(renderPlanDocument(absentPlan))
  it.each<[string, string, RegExp]>([
    ['no JSON', '{"formatVersion":1', /^is not JSON$/],
    ['no JSON, but a secret', 'ghp_secret', /^is not JSON$/],
    ['a list', '[]', /is not a JSON object/],
    ['another version', JSON.stringify({ ...document, formatVersion: 1 }), /formatVersion 1, but this version reads 2/],
    [
      'a version that goes on and on',
      `{"formatVersion":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      /^has the formatVersion object, but this version reads 2$/,
    ],
    [
      'a refused one',
      JSON.stringify({ ...document, refusals: [{ code: 'different-keys', table: 'users' }] }),
      /^was refused, for 1 reason: a refused plan is never performed$/,
    ],
    ['no version', '{"steps":[]}', /formatVersion undefined/],
    [
      'the fallback for an empty output',
      '{ }\n',
      /^is \{\}: the plan job's output is empty; GitHub drops outputs that contain a masked value, such as an account id\./,
    ],
    ['no steps', JSON.stringify({ ...document, steps: undefined }), /lacks target, policy, tables, steps or refusals/],
    [
      'no refusals',
      JSON.stringify({ ...document, refusals: undefined }),
      /lacks target, policy, tables, steps or refusals/,
    ],
    ['no account', JSON.stringify({ ...document, target: { ...document.target, account: 1 } }), /without account/],
    ['no purpose', JSON.stringify({ ...document, policy: {} }), /does not say whether it destroys/],
    ['a nameless table', JSON.stringify({ ...document, tables: [null] }), /a table without a name/],
    ['a nameless step', JSON.stringify({ ...document, steps: [{ table: 'users' }] }), /a step without an action/],
    ['a step less', JSON.stringify({ ...document, steps: document.steps.slice(1) }), /its digest does not match/],
    [
      'a step that says more',
      JSON.stringify({ ...document, steps: document.steps.map((step: object) => ({ ...step, more: [null] })) }),
      /its digest does not match/,
    ],
    ['no digest', JSON.stringify({ ...document, digest: undefined }), /its digest does not match/],
  ])('%s', (_, json, problem) => expect(readPlanDocument(json)).toMatch(problem))
})
