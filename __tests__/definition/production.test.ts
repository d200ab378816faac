import { decideProduction, type ProductionInput } from '../../src/definition/production.ts'

const byName = (name: string) => decideProduction(name, { listed: [], input: 'auto' })
const decide = (name: string, input: ProductionInput, listed: readonly string[] = []) =>
  decideProduction(name, { listed, input })

describe('a name', () => {
  it.each([
    // Of the issue.
    ...['prod-eu', 'eu-production', 'prd', 'live', 'prod1', 'production2', 'PROD', 'eu_prod', 'live-test'],
    ...['prod', 'production', 'Production', 'PRODUCTION', 'Production-2', 'prd-3', 'PRD', 'Live'],
    // Each separator.
    ...['eu-prod', 'eu_prod', 'eu.prod', 'eu/prod', 'eu:prod', 'eu prod', 'eu1prod', 'prod/eu', 'prod.eu', 'prod:eu'],
    // From a lower-case letter to an upper-case one.
    ...['prodEU', 'euProd', 'euPROD', 'prodEU2', 'myLiveTables', 'éProd'],
    // Spaces and digits beyond ASCII, which a tag may hold too.
    ...['eu\u3000prod', 'prod２', 'prod²'],
    // The part before it is none that cancels, or cancels another one.
    ...['test-prod', 'prenon-prod', 'nope-live', 'no-eu-prod', 'prod-non', 'non-prod-live', 'non-prod prod'],
    ...['--prod--', '1prod1'],
  ])('with a production part is production: %j', (name) => {
    expect(byName(name)).toMatchObject({
      production: true,
      rule: expect.stringMatching(/^production, because its name/),
    })
  })

  it.each([
    // Of the issue.
    ...['nonprod', 'non-prod', 'preprod', 'pre-prod', 'not-live', 'reproduction', 'delivery'],
    ...['dev', 'staging', 'test', '', 'alive', 'olive-test', 'prods', 'productions', 'product', 'liverpool', 'relive'],
    ...['EUProd', 'prodeu', 'produ-ction', 'p-rod'],
    // Cancelled, by every separator and in every case.
    ...[
      'no_prod',
      'preProd',
      'nonProd',
      'nonPROD',
      'NON-PROD',
      'Pre Production',
      'not.live',
      'no/prd',
      'non:production',
    ],
    ...['non--prod', 'non-1-prod', 'eu-non-prod', 'no-prod-no-live'],
  ])('without one, or with one that is cancelled, is not production: %j', (name) => {
    expect(byName(name)).toMatchObject({ production: false, rule: expect.stringMatching(/^not production: /) })
  })
})

it.each<[string, ProductionInput, readonly string[], string]>([
  ['eu-PROD-1', 'auto', [], 'production, because its name has the part "PROD"'],
  ['main', 'auto', ['Main'], 'production, because production-environments lists it'],
  ['main', 'true', [], 'production, because production is true'],
  ['pre-prod', 'true', [], 'production, because production is true'],
  ['live-test', 'false', [], 'not production, because production is false'],
  ['Pre-Prod', 'auto', [], 'not production: in its name "Pre" comes before "Prod"'],
  ['dev', 'auto', ['main'], 'not production: no part of its name is prod, production, prd or live'],
])('by the rule that decided: %j with production %s and the list %j is %s', (name, input, listed, rule) => {
  expect(decide(name, input, listed)).toEqual({ production: rule.startsWith('production'), rule })
})

it.each<[string, readonly string[]]>([
  ['prod', []],
  ['PRODUCTION', []],
  ['Main', ['main']],
])('stays production where production: false contradicts its name or the list: %j, %j', (name, listed) => {
  expect(decide(name, 'false', listed).production).toBe(true)
})

it.each(['prod-eu', 'prd', 'live', 'production2'])('is not production where production is false: %j', (name) => {
  expect(decide(name, 'false').production).toBe(false)
})
