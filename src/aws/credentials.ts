/** The credentials that a run starts from, and how they are masked. */
import type { STSClient } from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import type { Run } from '../run/run.ts'
import { type ClientOptions, createStsClient, type Job } from './connections.ts'
import { searchDefaultChain } from './default-chain.ts'
import { requestIdToken } from './oidc-token.ts'

/** The sources of credentials, and the STS clients that use them. */
export interface CredentialPorts extends Pick<Job, 'mask'> {
  /** An STS client of the run's region; without credentials for calls that carry a token instead. */
  readonly connectSts: (credentials: AwsCredentialIdentity | undefined) => STSClient
  /** A new OIDC token of the job. */
  readonly fetchIdToken: (audience: string, signal: AbortSignal) => Promise<string>
  /** The access key in the environment. */
  readonly accessKey: () => AwsCredentialIdentity
  /** The AWS SDK's own search. Throws a RemedyError if it ends without credentials. */
  readonly defaultChain: () => Promise<AwsCredentialIdentity>
}

export function credentialPorts(clientOptions: ClientOptions, { environment, mask }: Job, run: Run): CredentialPorts {
  return {
    connectSts: (credentials) => createStsClient(clientOptions, credentials === undefined ? {} : { credentials }),
    fetchIdToken: (audience, signal) => requestIdToken(clientOptions.requestHandler, environment, audience, signal),
    accessKey: () => ({
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      ...(environment.AWS_SESSION_TOKEN ? { sessionToken: environment.AWS_SESSION_TOKEN } : {}),
    }),
    defaultChain: () => searchDefaultChain(clientOptions, { environment, mask }, run),
    mask,
  }
}

/** A name for each part of an identity, to print where its value must not be shown. */
interface IdentityOrigins {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export const environmentVariables: IdentityOrigins = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
}

export function originsIn(place: string): IdentityOrigins {
  return {
    accessKeyId: `access key id of ${place}`,
    secretAccessKey: `secret access key of ${place}`,
    sessionToken: `session token of ${place}`,
  }
}

export function maskIdentity(identity: AwsCredentialIdentity, origins: IdentityOrigins, mask: Job['mask']): void {
  const { accessKeyId, secretAccessKey, sessionToken } = identity
  if (!isAccountId(accessKeyId) && !isTooShort(accessKeyId)) mask(accessKeyId, origins.accessKeyId)
  if (!isTooShort(secretAccessKey)) mask(secretAccessKey, origins.secretAccessKey)
  if (sessionToken !== undefined) mask(sessionToken, origins.sessionToken)
}

/**
 * Emulators take any word as a key, such as `test`. GitHub drops every output that holds a masked value, so such a word is
 * not masked. AWS's own keys have 16 characters or more.
 */
function isTooShort(key: string): boolean {
  return key.length < 8
}

/**
 * Emulators take an account id as the access key id, and work in that account. It is no secret, and every ARN holds it.
 * AWS's own ids have 16 characters or more, and begin with letters such as AKIA.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
 */
function isAccountId(accessKeyId: string): boolean {
  return /^\d{12}$/.test(accessKeyId)
}
