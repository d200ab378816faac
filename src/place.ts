/** Where a run acts, as one line of the log. Pure. */
import { desiredTables } from './definitions.ts'
import type { Inputs } from './inputs.ts'
import { shorten } from './plain-text.ts'

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Names command, environment and whether it is production, region, tables, and endpoints that are not AWS's own.
 *
 * @param account absent before login
 */
export function describePlace(inputs: Inputs, variables: Variables, account?: string): string {
  const { command, environment, productionRule, region } = inputs
  const tables = desiredTables(inputs).map(({ name }) => `"${name}"`)
  const parts = [
    ...(account === undefined ? [] : [`account ${account}`]),
    `environment ${JSON.stringify(environment.name)} (${productionRule})`,
    `region ${region}`,
    `tables ${tables.join(' and ')}`,
    ...customEndpoints(variables).map(({ variable, origin }) => `endpoint ${shorten(origin)} (${variable})`),
  ]
  return `Command ${command}: ${parts.join(', ')}`
}

/** The endpoints that the job sets in place of AWS's, without what may be secret in them: user, password, path and query. */
function customEndpoints(variables: Variables): readonly { readonly variable: string; readonly origin: string }[] {
  return ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL_DYNAMODB'].flatMap((variable) => {
    const url = variables[variable]?.trim() ?? ''
    if (url === '') return []
    const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '' }
    return [{ variable, origin: host === '' ? 'of an unreadable URL' : `${protocol}//${host}` }]
  })
}
