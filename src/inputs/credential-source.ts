/** Decides which source the first credentials come from. */
import { isGitHubJob, type Variables } from '../aws/sdk-settings.ts'
import type { CredentialSource, Role } from '../aws/session-request.ts'
import type { Values } from './declarations.ts'

/**
 * Chooses the source of the first credentials. `auto` prefers a complete access key, then the OIDC token of the job if
 * there is a role to assume with it.
 */
export function chooseCredentialSource(
  input: Values['credential-source'],
  roles: readonly Role[],
  variables: Variables,
): CredentialSource {
  if (input === 'oidc') return { kind: 'oidc', reason: 'credential-source is oidc' }
  const missing = describeMissingKey(variables)
  if (input === 'environment') {
    const reason = 'credential-source is environment, which has'
    return missing === undefined
      ? { kind: 'access-key', reason: `${reason} an access key` }
      : { kind: 'default-chain', reason: `${reason} no access key` }
  }
  if (missing === undefined) return { kind: 'access-key', reason: 'the environment has an access key' }
  const hasToken = mayRequestToken(variables)
  if (hasToken && roles.length > 0) {
    return { kind: 'oidc', reason: `${missing}, the job may request an OIDC token, and there is a role to assume` }
  }
  if (hasToken) {
    return { kind: 'default-chain', reason: `${missing}, and there is no role to assume with an OIDC token` }
  }
  const noToken = isGitHubJob(variables) ? ', and the job lacks "permissions: { id-token: write }"' : ''
  return { kind: 'default-chain', reason: `${missing}${noToken}` }
}

/** `permissions: { id-token: write }` sets both variables. */
export function mayRequestToken(variables: Variables): boolean {
  return Boolean(variables.ACTIONS_ID_TOKEN_REQUEST_URL && variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN)
}

/** Describes which part of the access key is missing in the environment. Undefined if the key is complete. */
export function describeMissingKey(variables: Variables): string | undefined {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const
  const given = names.filter((name) => variables[name])
  if (given.length === 2) return undefined
  if (given.length === 0) return 'the environment has no access key'
  return `the environment has ${given} without ${names.filter((name) => !variables[name])}`
}
