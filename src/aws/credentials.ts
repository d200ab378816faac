/** The credentials that a run starts from, and how they are masked. */
import type { STSClient } from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import type { Run } from '../run/run.ts'
import { type ClientOptions, createStsClient, type Job } from './connections.ts'
import { searchDefaultChain } from './default-chain.ts'
import { requestIdToken } from './oidc-token.ts'

export type CredentialPorts = ReturnType<typeof credentialPorts>

/** The sources of credentials, and the STS clients that use them. */
export function credentialPorts(clientOptions: ClientOptions, { variables, mask }: Job, run: Run) {
  return {
    mask,
    /** @param credentials undefined for calls that carry a token instead */
    connectSts: (credentials: AwsCredentialIdentity | undefined): STSClient =>
      createStsClient(clientOptions, credentials === undefined ? {} : { credentials }),
    fetchIdToken: (audience: string, signal: AbortSignal): Promise<string> =>
      requestIdToken(clientOptions.requestHandler, variables, audience, signal),
    accessKey: (): AwsCredentialIdentity => ({
      accessKeyId: variables.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: variables.AWS_SECRET_ACCESS_KEY ?? '',
      ...(variables.AWS_SESSION_TOKEN ? { sessionToken: variables.AWS_SESSION_TOKEN } : {}),
    }),
    defaultChain: (): Promise<AwsCredentialIdentity> => searchDefaultChain(clientOptions, { variables, mask }, run),
  }
}

/** The origin of each part of an identity, to print where its value must not be shown. */
export const originsInVariables = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
}

export function originsIn(place: string): typeof originsInVariables {
  return {
    accessKeyId: `access key id of ${place}`,
    secretAccessKey: `secret access key of ${place}`,
    sessionToken: `session token of ${place}`,
  }
}

/**
 * Masks the parts of an identity that are secrets. Emulators take any word as a key, such as `test`, and an account id as
 * the access key id. GitHub drops every output that holds a masked value, and every ARN holds the account id, so neither
 * is masked. AWS's own keys have 16 characters or more, and their ids begin with letters such as AKIA.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
 */
export function maskIdentity(
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentialIdentity,
  origins: typeof originsInVariables,
  mask: Job['mask'],
): void {
  const isWord = (key: string) => key.length < 8
  const isAccountId = /^\d{12}$/.test(accessKeyId)
  if (!isAccountId && !isWord(accessKeyId)) mask(accessKeyId, origins.accessKeyId)
  if (!isWord(secretAccessKey)) mask(secretAccessKey, origins.secretAccessKey)
  if (sessionToken !== undefined) mask(sessionToken, origins.sessionToken)
}
