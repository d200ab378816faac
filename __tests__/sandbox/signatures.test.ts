/** Verification of signatures. */
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { STS } from '@aws-sdk/client-sts'
import type { SandboxOptions } from '../../sandbox/options.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { hub, type Key, refusal, region, userKey } from './harness.ts'

const minute = 60_000
let sandbox: Sandbox
const clients: { destroy(): void }[] = []

async function start(options: SandboxOptions = {}): Promise<void> {
  sandbox = await startSandbox({ accessKeys: [userKey(hub)], ...options })
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await sandbox.close()
})

interface Signing {
  readonly key?: Key
  /** Error of the client's clock, in milliseconds. */
  readonly systemClockOffset?: number
}

async function listTables({ key = userKey(hub), systemClockOffset = 0 }: Signing = {}): Promise<string> {
  const client = new DynamoDB({ endpoint: sandbox.url, region, maxAttempts: 1, credentials: key, systemClockOffset })
  clients.push(client)
  return await refusal(client.listTables())
}

async function whoAmI({ key = userKey(hub), systemClockOffset = 0 }: Signing = {}): Promise<string> {
  const client = new STS({ endpoint: sandbox.url, region, maxAttempts: 1, credentials: key, systemClockOffset })
  clients.push(client)
  return await refusal(client.getCallerIdentity())
}

it('accepts a signature with the secret of the key', async () => {
  await start()
  expect(await listTables()).toMatch(/^no refusal/)
  expect(await whoAmI()).toMatch(/^no refusal/)
})

it('rejects a signature with another secret, with the error of each service', async () => {
  await start()
  const key = { ...userKey(hub), secretAccessKey: 'a guess' }
  expect(await listTables({ key })).toMatch(/^InvalidSignatureException: The request signature we calculated/)
  expect(await whoAmI({ key })).toMatch(/^SignatureDoesNotMatch: The request signature we calculated/)
  expect(sandbox.requests.map(({ status }) => status)).toEqual([400, 403])
})

it.each([
  ['six minutes slow', -6 * minute, /^InvalidSignatureException: Signature expired: \d{8}T\d{6}Z is now earlier than/],
  ['six minutes fast', 6 * minute, /^InvalidSignatureException: Signature not yet current: \d{8}T\d{6}Z/],
  ['four minutes slow', -4 * minute, /^no refusal/],
  ['four minutes fast', 4 * minute, /^no refusal/],
])('accepts at most five minutes of difference to the client: %s', async (_, systemClockOffset, answer) => {
  await start()
  expect(await listTables({ systemClockOffset })).toMatch(answer)
})

it('names the error SignatureDoesNotMatch for STS if the clock is wrong', async () => {
  await start()
  expect(await whoAmI({ systemClockOffset: -6 * minute })).toMatch(/^SignatureDoesNotMatch: Signature expired/)
})

it('sends its time, so that an SDK client with a wrong clock succeeds in the next call', async () => {
  await start({ now: () => Date.now() + 6 * minute, signatureLifetimeMilliseconds: 5 * minute })
  const client = new DynamoDB({ endpoint: sandbox.url, region, maxAttempts: 1, credentials: userKey(hub) })
  clients.push(client)
  expect(await refusal(client.listTables())).toMatch(/^InvalidSignatureException/)
  expect(await refusal(client.listTables())).toMatch(/^no refusal/)
})

it('ignores the date if "now" is given without a signature lifetime', async () => {
  await start({ now: () => 0 })
  expect(await listTables()).toMatch(/^no refusal/)
  await sandbox.close()
  await start({ now: () => 0, signatureLifetimeMilliseconds: 5 * minute })
  expect(await listTables()).toMatch(/^InvalidSignatureException: Signature not yet current/)
})

it('makes an SDK client stop at a final error, although its clock differs from "now"', async () => {
  await start({ now: () => Date.now() + 60 * minute })
  const client = new DynamoDB({ endpoint: sandbox.url, region, maxAttempts: 2, credentials: userKey(hub) })
  clients.push(client)
  expect(await refusal(client.describeTable({ TableName: 'users' }))).toMatch(/^ResourceNotFoundException/)
  expect(sandbox.requests).toHaveLength(1)
})

describe('a signed request', () => {
  /** Signs a request with an SDK client, and returns it. */
  async function signedRequest(): Promise<{ headers: Record<string, string>; body: string }> {
    let signed: { headers: Record<string, string>; body: Uint8Array } | undefined
    const client = new DynamoDB({ endpoint: sandbox.url, region, maxAttempts: 1, credentials: userKey(hub) })
    clients.push(client)
    client.middlewareStack.add(
      (next) => async (args) => {
        signed = args.request as typeof signed
        return await next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    await client.listTables()
    if (signed === undefined) throw new Error('The SDK did not send a request')
    const { host: _, 'content-length': __, ...headers } = signed.headers
    return { headers, body: new TextDecoder().decode(signed.body) }
  }

  async function send(headers: Record<string, string>, body: string): Promise<string> {
    const answer = await fetch(sandbox.url, { method: 'POST', headers, body })
    return `${answer.status} ${await answer.text()}`
  }

  it('is accepted unchanged', async () => {
    await start()
    const { headers, body } = await signedRequest()
    expect(await send(headers, body)).toBe('200 {"TableNames":[]}')
  })

  it('is rejected with another body, another day, or for another service', async () => {
    await start()
    const { headers, body } = await signedRequest()
    const changed = (from: string | RegExp, to: string) => ({
      ...headers,
      authorization: (headers.authorization ?? '').replace(from, to),
    })
    expect(await send(headers, '{"Limit":1}')).toMatch(/^400 .*#InvalidSignatureException/)
    expect(await send(changed(/\/\d{8}\//, '/20200101/'), body)).toMatch(/^400 .*Date in Credential scope/)
    expect(await send(changed('/dynamodb/', '/s3/'), body)).toMatch(/^400 .*scoped to correct service: 'dynamodb'/)
  })

  it('is rejected without a signature, or without a date', async () => {
    await start()
    const { headers, body } = await signedRequest()
    const { authorization: _, ...unsigned } = headers
    const { 'x-amz-date': __, ...undated } = headers
    expect(await send(unsigned, body)).toMatch(/^400 .*#MissingAuthenticationTokenException/)
    expect(await send(undated, body)).toMatch(/^400 .*#InvalidSignatureException/)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await send(form, 'Action=GetCallerIdentity&Version=2011-06-15')).toMatch(
      /^403 .*MissingAuthenticationToken</,
    )
  })
})
