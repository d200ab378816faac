/** Profiles in which a run without changes is measured. Imports only types. */
import type { Profile } from './results.ts'

/** Also used for first runs and for other tools. */
export const plain: Profile = { login: 'access key', latencyMilliseconds: 40, connectionMilliseconds: 0 }

export const profiles: readonly Profile[] = [
  plain,
  { login: 'access key', latencyMilliseconds: 40, connectionMilliseconds: 80 },
  { login: 'access key', latencyMilliseconds: 150, connectionMilliseconds: 80 },
  { login: 'OIDC token', latencyMilliseconds: 40, connectionMilliseconds: 0 },
  { login: 'OIDC token', latencyMilliseconds: 40, connectionMilliseconds: 80 },
  { login: 'OIDC token', latencyMilliseconds: 150, connectionMilliseconds: 80 },
]
