import { decideProduction } from '../../src/definition/production.ts'

type ProductionInput = Parameters<typeof decideProduction>[1]['input']

const byName = (name: string) => decideProduction(name, { listed: [], input: 'auto' })
const decide = (name: string, input: ProductionInput, listed: readonly string[] = []) =>
  decideProduction(name, { listed, input })

describe('the name of an environment', () => {
  it.each([
    ...['prod-eu', 'eu-production', 'prd', 'live', 'prod1', 'production2', 'PROD', 'eu_prod', 'live-test'],
    ...['prod', 'production', 'Production', 'PRODUCTION', 'Production-2', 'prd-3', 'PRD', 'Live'],
    // Every separator.
    ...['eu-prod', 'eu_prod', 'eu.prod', 'eu/prod', 'eu:prod', 'eu prod', 'eu1prod', 'prod/eu', 'prod.eu', 'prod:eu'],
    // A part ends between a lower-case and an upper-case letter.
    ...['prodEU', 'euProd', 'euPROD', 'prodEU2', 'myLiveTables', 'éProd'],
    // Spaces and digits outside ASCII, which are legal in a tag.
    ...['eu\u3000prod', 'prod２', 'prod²'],
    // The part before it does not cancel it, or cancels another part.
    ...['test-prod', 'prenon-prod', 'nope-live', 'no-eu-prod', 'prod-non', 'non-prod-live', 'non-prod prod'],
    ...['--prod--', '1prod1'],
  ])('is production because of a part of it: %j', (name) => {
    expect(byName(name)).toMatchObject({
      production: true,
      rule: expect.stringMatching(/^production, because its name/),
    })
  })

  it.each([
    ...['nonprod', 'non-prod', 'preprod', 'pre-prod', 'not-live', 'reproduction', 'delivery'],
    ...['dev', 'staging', 'test', '', 'alive', 'olive-test', 'prods', 'productions', 'product', 'liverpool', 'relive'],
    ...['EUProd', 'prodeu', 'produ-ction', 'p-rod'],
    // Cancelled, with every separator and in every case.
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
  ])('is not production without a production part, or with a cancelled one: %j', (name) => {
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
])('decides for the environment %j with production: %s and the list %j: %s', (name, input, listed, rule) => {
  expect(decide(name, input, listed)).toEqual({ production: rule.startsWith('production'), rule })
})

it.each<[string, readonly string[]]>([
  ['prod', []],
  ['PRODUCTION', []],
  ['Main', ['main']],
])('answers production where production: false contradicts the name %j or the list %j', (name, listed) => {
  expect(decide(name, 'false', listed).production).toBe(true)
})

it.each(['prod-eu', 'prd', 'live', 'production2'])('lets production: false overrule a part of the name %j', (name) => {
  expect(decide(name, 'false').production).toBe(false)
})
