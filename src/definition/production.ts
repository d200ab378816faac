/** Whether an environment is production, and by which rule. Pure. */
import { isSameEnvironment } from '../table/target.ts'

/** The input `production`. */
export type ProductionInput = 'auto' | 'true' | 'false'

export interface ProductionDecision {
  readonly production: boolean
  /** Which rule decided, for the log and the summary: `production, because ...`, or `not production` with the reason. */
  readonly rule: string
}

/** An environment of one of these names is production whatever the inputs say. */
const productionNames = ['prod', 'production']

/** One of these as a part of the name makes production. */
const productionParts = ['prod', 'production', 'prd', 'live']

/** One of these cancels the production part right after it, as in `non-prod`. */
const cancellingParts = ['non', 'not', 'no', 'pre']

/**
 * Decides whether an environment is production.
 *
 * With the input `false` the answer is production only where that input contradicts the name or the list.
 *
 * @param listed the input `production-environments`
 */
export function decideProduction(
  name: string,
  { listed, input }: { readonly listed: readonly string[]; readonly input: ProductionInput },
): ProductionDecision {
  const isAmong = (names: readonly string[]) => names.some((each) => isSameEnvironment(each, name))
  if (isAmong(listed)) return isProduction('production-environments lists it')
  if (isAmong(productionNames)) return decideByName(name)
  switch (input) {
    case 'true':
      return isProduction('production is true')
    case 'false':
      return { production: false, rule: 'not production, because production is false' }
    case 'auto':
      return decideByName(name)
  }
}

function decideByName(name: string): ProductionDecision {
  const parts = partsOf(name)
  const matches = parts
    .map((part, index) => ({ part, before: parts[index - 1] ?? '' }))
    .filter(({ part }) => productionParts.includes(part.toLowerCase()))
  const deciding = matches.find(({ before }) => !cancellingParts.includes(before.toLowerCase()))
  if (deciding !== undefined) return isProduction(`its name has the part "${deciding.part}"`)
  const [cancelled] = matches
  const reason =
    cancelled === undefined
      ? 'no part of its name is prod, production, prd or live'
      : `in its name "${cancelled.before}" comes before "${cancelled.part}"`
  return { production: false, rule: `not production: ${reason}` }
}

/** `eu_prodUS2.test` has the parts eu, prod, US and test. */
function partsOf(name: string): readonly string[] {
  return name.split(/[-_./:\p{Z}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})/u).filter((part) => part !== '')
}

function isProduction(reason: string): ProductionDecision {
  return { production: true, rule: `production, because ${reason}` }
}
