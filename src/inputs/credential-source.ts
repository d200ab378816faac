/** Decides which source the first credentials come from. */
import type { CredentialSource, Role } from '../aws/session-request.ts'
import { isGitHubJob, type Variables } from '../run/variables.ts'
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
  if (input === 'oidc') return { kind: 'oidc' }
  const missing = describeMissingKey(variables)
  if (missing === undefined) return { kind: 'access-key' }
  if (input === 'environment') {
    return { kind: 'default-chain', reason: 'credential-source is environment, which has no access key' }
  }
  if (mayRequestToken(variables)) {
    return roles.length > 0
      ? { kind: 'oidc' }
      : { kind: 'default-chain', reason: `${missing}, and there is no role to assume with an OIDC token` }
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
