/** The sandbox for contestants. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sequentialDepth } from '../sandbox/request-log.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts'
import { twoAccounts } from '../sandbox/two-accounts.ts'
import type { Scene } from './contestants.ts'
import type { RequestCounter } from './duel.ts'
import { startForward } from './forward.ts'
import type { Profile } from './results.ts'

export const settledAtOnce = { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 }

export interface Stage {
  readonly scene: Scene
  readonly sandbox: Sandbox
}

/**
 * Starts a sandbox with separate addresses for the token endpoint, STS and DynamoDB. On AWS they are three hosts, so a
 * connection to one of them cannot be used for another.
 */
export async function onStage<Result>(
  { login, ...network }: Profile,
  node: string,
  options: SandboxOptions,
  work: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const sandbox = await startSandbox({ ...twoAccounts('dev'), timings: settledAtOnce, ...network, ...options })
  const target = new URL(sandbox.url)
  const forwards = [await startForward(target), await startForward(target), await startForward(target)] as const
  const [sts, dynamoDb, tokens] = forwards
  const folder = await mkdtemp(join(tmpdir(), 'tenant-tables-bench-'))
  const { ACTIONS_ID_TOKEN_REQUEST_URL = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN = '' } = sandbox.environment
  const tokenVariables = {
    ACTIONS_ID_TOKEN_REQUEST_URL: ACTIONS_ID_TOKEN_REQUEST_URL.replace(sandbox.url, tokens.url),
    ACTIONS_ID_TOKEN_REQUEST_TOKEN,
  }
  const endpoints = {
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url,
    ...(login === 'OIDC token' ? tokenVariables : {}),
  }
  try {
    return await work({ scene: { node, login, folder, endpoints }, sandbox })
  } finally {
    for (const forward of forwards) await forward.close()
    await sandbox.close()
    await rm(folder, { recursive: true })
  }
}

export function requestsOf(sandbox: Sandbox): RequestCounter {
  return {
    begin: () => sandbox.clearRequests(),
    end: () => ({ requests: sandbox.requests.length, depth: sequentialDepth(sandbox.requests) }),
  }
}
