import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { planJsonSchema } from '../../scripts/generate.ts'
import {
  digestPlan,
  digestReviewed,
  readPlanDocument,
  renderPlanDocument,
  reviewable,
} from '../../src/plan/document.ts'
import { planTables } from '../../src/plan/planner.ts'
import { shorten } from '../../src/text/readable.ts'
import { aTarget, production, provisioned, ready, strictPolicy, tagged, theTables } from '../support/builders.ts'
import { type World, world } from '../support/worlds.ts'

const schema = JSON.parse(readFileSync(new URL('../../docs/schemas/plan.schema.json', import.meta.url), 'utf8'))
const isPlan = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema)
const definitions = theTables()
const absentPlan = planTables(aTarget(), definitions, new Map(), strictPolicy)
const document = JSON.parse(renderPlanDocument(absentPlan))
const planOf = ({ target, desired, observed, policy }: World) => planTables(target, desired, observed, policy)

describe('the published schema', () => {
  it('is generated from the schema that the reader uses', () => {
    // `npm run schemas` writes it.
    expect(schema).toEqual(planJsonSchema())
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: expect.any(String) })
  })

  it('accepts the document of every plan', () => {
    const found = new Set<string>()
    fc.assert(
      fc.property(world, (each) => {
        const plan = planOf(each)
        for (const step of plan.steps) found.add(step.kind === 'update' ? step.property : step.kind)
        for (const { code } of [...plan.refusals, ...plan.notices]) found.add(code)
        const rendered = JSON.parse(renderPlanDocument(plan))
        expect(isPlan(rendered) ? [] : isPlan.errors).toEqual([])
      }),
      { numRuns: 300 },
    )
    expect(found.size).toBeGreaterThan(18)
  })

  it('refuses with the reader every document with a member that is missing, unknown or of another type', () => {
    const optional = optionalMembers(schema)
    let altered = 0
    fc.assert(
      fc.property(world, fc.nat(), fc.constantFrom('remove', 'add', 'replace' as const), (each, at, alteration) => {
        const rendered = JSON.parse(renderPlanDocument({ ...planOf(each), refusals: [] }))
        const members = objectsIn(rendered).flatMap((object) => Object.keys(object).map((name) => ({ object, name })))
        const { object, name } = members[at % members.length] ?? { object: rendered, name: 'steps' }
        if (alteration === 'add') object.surprise = 1
        if (alteration === 'replace') object[name] = null
        if (alteration === 'remove') delete object[name]
        // Without an optional member the form is right, and the digest or the lists of the plan differ.
        const isOptional = alteration === 'remove' && isPlan(rendered)
        if (isOptional) expect(optional).toContain(name)
        else altered += 1
        expect(isPlan(rendered)).toBe(isOptional)
        if (!isOptional) expect(readPlanDocument(JSON.stringify(rendered))).toEqual(expect.any(String))
      }),
      { numRuns: 300 },
    )
    expect(altered).toBeGreaterThan(200)
  })
})

/** The names of the members that some object of a JSON Schema does not require. */
function optionalMembers(of: unknown): readonly string[] {
  return objectsIn(of).flatMap(({ properties = {}, required = [] }) =>
    Object.keys(properties as object).filter((name) => !(required as readonly string[]).includes(name)),
  )
}

/** All objects of a document, the document first. */
function objectsIn(value: unknown): readonly Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const members = Object.values(value).flatMap(objectsIn)
  return Array.isArray(value) ? members : [value as Record<string, unknown>, ...members]
}

it('reads a rendered plan back as it was', () => {
  fc.assert(
    fc.property(world, (each) => {
      const plan = planOf(each)
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

it('renders every kind of step with its values, its risk and its description', () => {
  const [, users] = theTables({ environment: production })
  const target = aTarget({ environment: production })
  const unmanaged = ready(users, { BillingMode: provisioned, Tags: [] })
  const stepsOf = (
    observed: ReturnType<typeof ready> | undefined,
    policy = { destroy: false, allow: ['adopt-table'] },
  ) => {
    const tables = new Map(observed === undefined ? [] : [['users', observed]])
    return JSON.parse(renderPlanDocument(planTables(policy.destroy ? aTarget() : target, [users], tables, policy)))
      .steps
  }
  const { KeySchema, Tags } = users.properties
  expect(stepsOf(undefined)[0]).toEqual({
    kind: 'create',
    table: 'users',
    to: { KeySchema, DeletionProtectionEnabled: true, Tags, BillingMode: 'PAY_PER_REQUEST' },
    risk: 'safe',
    description:
      'create "users": key = tenant_id (S), user_id (S), deletion protection = on, tag tenant-tables:environment = prod, tag tenant-tables:managed-by = tenant-tables, billing = PAY_PER_REQUEST',
  })
  const update = { kind: 'update', table: 'users' }
  expect(stepsOf(unmanaged)).toEqual([
    {
      ...update,
      property: 'Tags',
      from: [],
      to: Tags,
      risk: { allow: ['adopt-table'] },
      description:
        'update Tags of "users": tag tenant-tables:environment = prod, tag tenant-tables:managed-by = tenant-tables',
    },
    {
      ...update,
      property: 'BillingMode',
      from: provisioned,
      to: 'PAY_PER_REQUEST',
      risk: 'slow',
      description: 'update BillingMode of "users": billing PROVISIONED, 5 read and 5 write units -> PAY_PER_REQUEST',
    },
  ])
  const Own = tagged({ 'tenant-tables:environment': 'dev', 'tenant-tables:managed-by': 'tenant-tables' })
  const deletable = ready(users, { Tags: Own, DeletionProtectionEnabled: false })
  expect(stepsOf(deletable, { destroy: true, allow: [] })).toEqual([
    {
      kind: 'delete',
      table: 'users',
      risk: 'destructive',
      description: 'delete "users": table present, with its items -> deleted',
    },
  ])
})

describe('the digest', () => {
  const [, users] = definitions
  const drifted = (changes: Parameters<typeof ready>[1] = {}) =>
    new Map([['users', ready(users, { id: 'a', BillingMode: provisioned, ...changes })]])
  const digest = digestPlan(planTables(aTarget(), definitions, drifted(), strictPolicy))
  const inEnvironment = (name: string, isProduction: boolean) =>
    planTables(aTarget({ environment: { name, production: isProduction } }), definitions, drifted(), strictPolicy)

  it('is 64 hexadecimal digits, the same for the same plan', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(digestPlan(planTables(aTarget(), definitions, drifted(), strictPolicy))).toBe(digest)
  })

  it.each([
    ['the account', planTables(aTarget({ account: '333333333333' }), definitions, drifted(), strictPolicy)],
    ['the region', planTables(aTarget({ region: 'eu-west-1' }), definitions, drifted(), strictPolicy)],
    ['whether the environment is production', inEnvironment('dev', true)],
    ['the environment', inEnvironment('qa', false)],
    ['the id of a table', planTables(aTarget(), definitions, drifted({ id: 'b' }), strictPolicy)],
    ['the steps', planTables(aTarget(), definitions, drifted({ BillingMode: 'PAY_PER_REQUEST' }), strictPolicy)],
    ['whether the tables are deleted', planTables(aTarget(), definitions, drifted(), { destroy: true, allow: [] })],
  ])('changes with %s', (_, plan) => expect(digestPlan(plan)).not.toBe(digest))

  it('does not depend on the order of members, which a tool that reads JSON may change', () => {
    const names = new Set<string>()
    JSON.parse(JSON.stringify(document), (name, value) => {
      names.add(name)
      return value
    })
    const reordered = JSON.stringify(document, [...names].sort().reverse())
    expect(reordered).not.toBe(JSON.stringify(document))
    expect(readPlanDocument(reordered)).toEqual(expect.objectContaining({ destroy: false }))
  })

  it('does not depend on unmanaged settings', () => {
    const unmanaged = [{ path: 'stream', value: 'x' }]
    expect(digestPlan(planTables(aTarget(), definitions, drifted({ unmanaged }), strictPolicy))).toBe(digest)
  })
})

describe('reading a reviewed plan', () => {
  const altered = (changes: object) => JSON.stringify({ ...document, ...changes })
  const [first, ...others] = document.steps
  it.each<[string, string, RegExp]>([
    ['text that is not JSON', '{"formatVersion":1', /^is not JSON$/],
    ['a secret that is not JSON, without showing it', 'ghp_secret', /^is not JSON$/],
    ['a list', '[]', /^is not a JSON object$/],
    [
      'a plan of an older version',
      altered({ formatVersion: 2 }),
      /^has the formatVersion 2, but this version of the action reads 3: make the plan again$/,
    ],
    [
      'a version that is nested deep',
      `{"formatVersion":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      /^has the formatVersion object, but this version of the action reads 3/,
    ],
    ['a plan without a version', '{"steps":[]}', /formatVersion undefined/],
    [
      'a refused plan',
      altered({ refusals: [{ code: 'impossible-change', table: 'users', reason: 'a', remedy: 'b' }] }),
      /^was refused, for 1 reason: a refused plan is never performed$/,
    ],
    [
      'the fallback for an empty output',
      '{ }\n',
      /^is \{\}: the plan job's output is empty; GitHub drops outputs that contain a masked value, such as an account id\./,
    ],
    ['a plan without steps', altered({ steps: undefined }), /plan\.schema\.json: steps is missing$/],
    ['a plan without refusals', altered({ refusals: undefined }), /: refusals is missing$/],
    [
      'an account that is not text',
      altered({ target: { ...document.target, account: 1 } }),
      /: target\.account must be string$/,
    ],
    [
      'a plan that does not say whether it deletes tables',
      altered({ policy: { allow: [] } }),
      /: policy\.destroy is missing$/,
    ],
    ['a table that is null', altered({ tables: [null] }), /: tables\.0 must be Object$/],
    [
      'a table whose name DynamoDB does not accept',
      altered({ steps: [{ ...first, table: 'a b' }] }),
      /: steps\.0\.table must be /,
    ],
    ['a step without a kind', altered({ steps: [{ table: 'users' }] }), /: steps\.0\.kind is missing$/],
    [
      'a secret as the name of a member, without showing it',
      altered({ ghp_secret: 1 }),
      /: the plan has an unknown member$/,
    ],
    [
      'a nested secret, without showing it',
      altered({ policy: { ...document.policy, ghp_secret: 1 } }),
      /: policy has an unknown member$/,
    ],
    ['a plan from which a step was removed', altered({ steps: others }), /its digest does not match/],
    [
      'a plan in which a step was changed',
      altered({ steps: [{ ...first, to: {} }, ...others] }),
      /its digest does not match/,
    ],
    ['a plan with another digest', altered({ digest: '0'.repeat(64) }), /its digest does not match/],
  ])('refuses %s', (_, json, problem) => {
    expect(readPlanDocument(json)).toMatch(problem)
    expect(readPlanDocument(json)).not.toContain('ghp_secret')
  })

  it('shortens descriptions, because the digest does not cover them', () => {
    const steps = [{ ...first, description: 'x'.repeat(5000) }, ...others]
    expect(readPlanDocument(altered({ steps }))).toMatchObject({
      steps: [{ description: `${'x'.repeat(256)}… (5000 characters)` }, {}],
    })
  })
})
