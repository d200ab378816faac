/** What is no request of AWS's, and what the server says to it. */
import { startWorld, type World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

/** A client of the SDK that sends what the test makes of its request, and signs that. */
function changed(change: (request: { headers: Record<string, string>; body: unknown }) => void) {
  const aws = world.dynamoDb()
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
  ['half an object', '{"TableName":'],
  ['a list', '[]'],
  ['null', 'null'],
])('answers a body that is %s with SerializationException, and lives on', async (_, body) => {
  const aws = changed((request) => {
    request.body = body
    request.headers['content-length'] = String(body.length)
  })
  await expect(aws.listTables()).rejects.toMatchObject({ name: 'SerializationException' })
  await expect(world.dynamoDb().listTables()).resolves.toMatchObject({ TableNames: [] })
})

it.each([
  ['GET', '/'],
  ['GET', '/oidc'],
  ['POST', '/oidc/token'],
  ['PUT', '/'],
])('knows no %s %s', async (method, path) => {
  const answer = await fetch(`${world.sandbox.url}${path}`, { method })
  expect(answer.status).toBe(404)
})

it('knows no operation of another version of DynamoDB', async () => {
  const aws = changed(({ headers }) => {
    headers['x-amz-target'] = 'DynamoDB_20111205.ListTables'
  })
  await expect(aws.listTables()).rejects.toMatchObject({ name: 'UnknownOperationException' })
})

it('waits as long as it is told, from one request to the next', async () => {
  const aws = world.dynamoDb()
  await aws.listTables()
  world.sandbox.clearRequests()
  world.sandbox.setLatency(30)
  await aws.listTables()
  world.sandbox.setLatency(0)
  await aws.listTables()
  const [slow, fast] = world.sandbox.requests.map(({ start, end }) => end - start)
  expect(slow).toBeGreaterThanOrEqual(29)
  expect(fast).toBeLessThan(29)
})
