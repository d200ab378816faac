/** The options and connections that every AWS client of a run shares. */
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts'
import { partition } from '@aws-sdk/core/client'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import { openNetwork, type TimeOuts } from '../network/network.ts'
import { proxySecrets } from '../network/proxies.ts'
import { regionSetting } from '../network/unreachable.ts'
import type { Run } from '../run/run.ts'
import type { Variables } from '../run/variables.ts'
import type { SdkSettings } from './sdk-settings.ts'

export type ClientOptions = ReturnType<typeof clientOptionsFor>

export function clientOptionsFor(region: string, requestHandler: NodeHttpHandler) {
  return {
    region,
    requestHandler,
    // retry.ts repeats calls: it knows the deadline of the run.
    maxAttempts: 1,
    // In the mode `auto` the SDK requests the region from the instance metadata.
    defaultsMode: 'legacy' as const,
    // The mode `adaptive` would limit the rate of calls, as pace.ts does.
    retryMode: 'standard',
    // A variable may prefer `sigv4a`: calls to STS would be signed for no region.
    authSchemePreference: ['sigv4'],
  }
}

export type Connections = ReturnType<typeof openConnections>

/** The environment variables of the job, and the function that masks its secrets in the log. */
export interface Job {
  readonly variables: Variables
  /** @param origin the name of the secret, which may be printed */
  readonly mask: (secret: string, origin: string) => void
}

/**
 * Masks the secrets of the job that are sent over the network, and sets up the connections of the run.
 *
 * @throws {RemedyError} if HTTPS_PROXY holds no usable address
 */
export function openConnections(
  region: string,
  { variables, mask, endpoints }: Job & Pick<SdkSettings, 'endpoints'>,
  run: Run,
  timeOuts: TimeOuts,
) {
  for (const secret of proxySecrets()) mask(secret, 'password in HTTPS_PROXY or HTTP_PROXY')
  mask(variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? '', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN')
  const customHosts = [
    ...endpoints,
    { url: variables.ACTIONS_ID_TOKEN_REQUEST_URL ?? '', setting: 'ACTIONS_ID_TOKEN_REQUEST_URL' },
  ].filter(({ url }) => URL.canParse(url))
  const settingOf = ({ host }: URL) =>
    customHosts.find(({ url }) => new URL(url).host === host)?.setting ?? regionSetting
  const { requestHandler, ...connections } = openNetwork(settingOf, run, timeOuts)
  return { clientOptions: clientOptionsFor(region, requestHandler), ...connections }
}

export function createStsClient(
  clientOptions: ClientOptions,
  options: Pick<STSClientConfig, 'credentials' | 'logger'>,
): STSClient {
  return new STSClient({ ...clientOptions, ...options })
}

/** The partition of a region, such as `aws-cn`, by the SDK's own table. */
export function partitionOf(region: string): string {
  return partition(region).name
}
