/** A sandbox over HTTP with a clock that the test advances, and SDK clients for it. */
import { type CreateTableCommandInput, DynamoDB } from '@aws-sdk/client-dynamodb'
import { STS } from '@aws-sdk/client-sts'
import type { SandboxOptions } from '../../sandbox/options.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'

export const region = 'ap-south-1'
export const hub = '111111111111'
export const target = '222222222222'

export interface Key {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The access key of a user of an account. */
export function userKey(account: string): Key & { readonly principal: string } {
  return {
    accessKeyId: `AKIA${account}USER`,
    secretAccessKey: `secret/of/${account}`,
    principal: `arn:aws:iam::${account}:user/deployer`,
  }
}

export interface Harness {
  readonly sandbox: Sandbox
  now(): number
  advance(seconds: number): void
  dynamoDb(key?: Key, at?: string): DynamoDB
  sts(key?: Key): STS
  /** Requests an OIDC token as a job does. */
  oidcToken(audience?: string): Promise<string>
  close(): Promise<void>
}

export async function startHarness(options: SandboxOptions = {}): Promise<Harness> {
  let now = Date.UTC(2026, 0, 1)
  const sandbox = await startSandbox({
    ...options,
    now: () => now,
    accessKeys: [...(options.accessKeys ?? []), userKey(hub), userKey(target)],
  })
  const clients: { destroy(): void }[] = []
  const connected = <Client extends { destroy(): void }>(client: Client): Client => {
    clients.push(client)
    return client
  }
  const connection = { endpoint: sandbox.url, maxAttempts: 1 }
  return {
    sandbox,
    now: () => now,
    advance: (seconds) => {
      now += seconds * 1000
    },
    dynamoDb: (credentials = userKey(target), at = region) =>
      connected(new DynamoDB({ ...connection, region: at, credentials })),
    sts: (credentials = userKey(hub)) => connected(new STS({ ...connection, region, credentials })),
    oidcToken: async (audience = 'sts.amazonaws.com') => {
      const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = sandbox.environment
      const response = await fetch(`${url}&audience=${audience}`, { headers: { authorization: `Bearer ${token}` } })
      return ((await response.json()) as { value: string }).value
    },
    close: async () => {
      for (const client of clients) client.destroy()
      await sandbox.close()
    },
  }
}

/** Returns `NAME: MESSAGE` of the error, or `no refusal` with the response. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  return await call.then(
    (answer) => `no refusal: ${JSON.stringify(answer)}`,
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

export async function refusalName(call: Promise<unknown>): Promise<string> {
  return (await refusal(call)).replace(/(?<!refusal): .*/s, '')
}

export function arnOf(table: string, account = target, at = region): string {
  return `arn:aws:dynamodb:${at}:${account}:table/${table}`
}

/** The CreateTable request of an on-demand table with a partition key. */
export function aTable(changes: Partial<CreateTableCommandInput> = {}): CreateTableCommandInput {
  return {
    TableName: 'tenant',
    AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    ...changes,
  }
}
