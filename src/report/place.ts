/** The place where a run acts, as one line of the log. */
import type { CustomEndpoint } from '../aws/sdk-settings.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { shorten } from '../text/readable.ts'

/** Names the command, the environment and the rule for production, the region, the tables and the custom endpoints. */
export function describePlace(inputs: Inputs): string {
  const { command, environment, productionRule, region, definitions, sdkSettings } = inputs
  const tables = definitions.map(({ name }) => `"${name}"`)
  const parts = [
    environment.name === ''
      ? 'every environment'
      : `environment ${JSON.stringify(environment.name)} (${productionRule})`,
    region === '' ? 'every region' : `region ${region}`,
    `tables ${tables.join(' and ')}`,
    ...describeEndpoints(sdkSettings.endpoints),
  ]
  return `Command ${command}: ${parts.join(', ')}`
}

/** `STS and DynamoDB at http://localhost:4566 (AWS_ENDPOINT_URL)`, for each setting that names an endpoint. */
function describeEndpoints(endpoints: readonly CustomEndpoint[]): readonly string[] {
  return [...new Set(endpoints.map(({ setting }) => setting))].map((setting) => {
    const named = endpoints.filter((endpoint) => endpoint.setting === setting)
    const services = named.map(({ service }) => service).join(' and ')
    return `${services} at ${shorten(named[0]?.url ?? '')} (${setting})`
  })
}
