/** Invalid requests, and latency. */
import { type Harness, startHarness } from './harness.ts'

let harness: Harness

beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.close())

/** Creates an SDK client that changes its requests before it signs them. */
function createChangingClient(change: (request: { headers: Record<string, string>; body: unknown }) => void) {
  const aws = harness.dynamoDb()
  aws.middlewareStack.add(
    (next) => async (args) => {
      change(args.request as Parameters<typeof change>[0])
      return await next(args)
    },
    { step: 'build', priority: 'low' },
  )
  return aws
}

it.each([
  ['a truncated object', '{"TableName":'],
  ['a list', '[]'],
  ['null', 'null'],
])('rejects a body that is %s with SerializationException, and accepts the next request', async (_, body) => {
  const aws = createChangingClient((request) => {
    request.body = body
    request.headers['content-length'] = String(body.length)
  })
  await expect(aws.listTables()).rejects.toMatchObject({ name: 'SerializationException' })
  await expect(harness.dynamoDb().listTables()).resolves.toMatchObject({ TableNames: [] })
})

it.each([
  ['GET', '/'],
  ['GET', '/oidc'],
  ['POST', '/oidc/token'],
  ['PUT', '/'],
])('responds 404 to %s %s', async (method, path) => {
  const answer = await fetch(`${harness.sandbox.url}${path}`, { method })
  expect(answer.status).toBe(404)
})

it('rejects operations of another API version of DynamoDB', async () => {
  const aws = createChangingClient(({ headers }) => {
    headers['x-amz-target'] = 'DynamoDB_20111205.ListTables'
  })
  await expect(aws.listTables()).rejects.toMatchObject({ name: 'UnknownOperationException' })
})

it('applies a changed latency from the next request on', async () => {
  const aws = harness.dynamoDb()
  await aws.listTables()
  harness.sandbox.clearRequests()
  harness.sandbox.setLatency(30)
  await aws.listTables()
  harness.sandbox.setLatency(0)
  await aws.listTables()
  const [slow, fast] = harness.sandbox.requests.map(({ start, end }) => end - start)
  expect(slow).toBeGreaterThanOrEqual(29)
  expect(fast).toBeLessThan(29)
})
