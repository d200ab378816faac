/** In which profiles a run that has nothing to do is measured. Imports types alone. */
import type { Profile } from './results.ts'

/** Also that of a first run and of the field. */
export const plain: Profile = { login: 'access key', latencyMilliseconds: 40, connectionMilliseconds: 0 }

export const profiles: readonly Profile[] = [
  plain,
  { login: 'access key', latencyMilliseconds: 40, connectionMilliseconds: 80 },
  { login: 'access key', latencyMilliseconds: 150, connectionMilliseconds: 80 },
  { login: 'OIDC token', latencyMilliseconds: 40, connectionMilliseconds: 0 },
  { login: 'OIDC token', latencyMilliseconds: 40, connectionMilliseconds: 80 },
  { login: 'OIDC token', latencyMilliseconds: 150, connectionMilliseconds: 80 },
]
