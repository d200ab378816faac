/** Decides whether an environment is production, and by which rule. */
import { isSameEnvironment } from '../table/target.ts'

interface ProductionDecision {
  readonly production: boolean
  /** The rule that decided, for the log and the summary: `production, because ...`, or `not production` with the reason. */
  readonly rule: string
}

/** An environment with one of these names is production, whatever the inputs say. */
const productionNames = ['prod', 'production']

/**
 * A name that has one of these parts is production, unless a cancelling part comes directly before it or the input
 * `production` is false.
 */
const productionParts = ['prod', 'production', 'prd', 'live']

/** A production part right after one of these does not count, as in `non-prod`. */
const cancellingParts = ['non', 'not', 'no', 'pre']

/**
 * Decides whether an environment is production.
 *
 * A listed name, prod and production are production even if the input is false. The caller reports that as an error.
 *
 * @param listed the input `production-environments`
 * @param input the input `production`
 */
export function decideProduction(
  name: string,
  { listed, input }: { readonly listed: readonly string[]; readonly input: 'auto' | 'true' | 'false' },
): ProductionDecision {
  const isAmong = (names: readonly string[]) => names.some((each) => isSameEnvironment(each, name))
  if (isAmong(listed)) return isProduction('production-environments lists it')
  if (input === 'auto' || isProductionByRule(name)) return decideByName(name)
  if (input === 'true') return isProduction('production is true')
  return { production: false, rule: 'not production, because production is false' }
}

/** Reports whether the environment is production also if the input `production` is false. */
export function isProductionByRule(name: string): boolean {
  return productionNames.some((each) => isSameEnvironment(each, name))
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

/** Splits a name: `eu_prodUS2.test` has the parts eu, prod, US and test. */
function partsOf(name: string): readonly string[] {
  return name.split(/[-_./:\p{Z}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})/u).filter((part) => part !== '')
}

function isProduction(reason: string): ProductionDecision {
  return { production: true, rule: `production, because ${reason}` }
}
