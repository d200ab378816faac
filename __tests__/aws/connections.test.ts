import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { createStsClient, openConnections } from '../../src/aws/connections.ts'
import { requestIdToken } from '../../src/aws/oidc-token.ts'
import { defaultTimeOuts } from '../../src/network/network.ts'
import { aRun } from '../support/fakes.ts'

type Variables = Readonly<Record<string, string>>

const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
const withoutMask = (variables: Variables) => ({ variables, mask: () => undefined, endpoints: [] })
let variables: Variables = {}

/** Sets environment variables of the process until the end of the test. */
function setVariables(given: Variables): void {
  variables = given
  Object.assign(process.env, variables)
}

afterEach(() => {
  for (const name of Object.keys(variables)) delete process.env[name]
})

it('makes clients that do not repeat calls themselves, and use the credentials that they are given', async () => {
  const { clientOptions } = openConnections('ap-south-1', withoutMask({}), aRun(), defaultTimeOuts)
  const { config } = createStsClient(clientOptions, { credentials })
  expect(await config.credentials()).toMatchObject(credentials)
  expect([await config.maxAttempts(), clientOptions.maxAttempts]).toEqual([1, 1])
})

it.each(['', 'fast', 'auto'])(
  'signs for its region and makes one call whatever variables say, AWS_DEFAULTS_MODE=%s included',
  async (AWS_DEFAULTS_MODE) => {
    const seen: (string | undefined)[] = []
    const server = createServer(({ headers }, response) => {
      seen.push(headers.authorization)
      response.writeHead(503).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    setVariables({
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a',
      AWS_DEFAULTS_MODE,
      AWS_RETRY_MODE: 'adaptive',
      AWS_MAX_ATTEMPTS: 'three',
    })
    const { clientOptions } = openConnections('ap-south-1', withoutMask({}), aRun(), defaultTimeOuts)
    const call = createStsClient(clientOptions, { credentials }).send(new GetCallerIdentityCommand({}))
    await expect(call).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
    expect(seen).toEqual([
      expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=a\/\d{8}\/ap-south-1\/sts\/aws4_request/),
    ])
    server.closeAllConnections()
    server.close()
  },
)

it("masks the job's request token before it is used, with the name of its variable", () => {
  const masked: string[] = []
  const mask = (secret: string, origin: string) => void masked.push(`${secret}: ${origin}`)
  const job = { ...withoutMask({ ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token' }), mask }
  openConnections('ap-south-1', job, aRun(), defaultTimeOuts)
  expect(masked).toEqual(['request-token: ACTIONS_ID_TOKEN_REQUEST_TOKEN'])
})

it.each([
  ['the token', 'ACTIONS_ID_TOKEN_REQUEST_URL'],
  ['STS', 'AWS_ENDPOINT_URL_STS'],
])('names the variable that holds the address of %s where no server listens there', async (what, setting) => {
  const variables = { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:9/token' }
  const endpoint = { service: 'STS', url: 'http://127.0.0.1:8', setting: 'AWS_ENDPOINT_URL_STS' }
  setVariables({ AWS_ENDPOINT_URL_STS: endpoint.url })
  const job = { ...withoutMask(variables), endpoints: [endpoint] }
  const { clientOptions } = openConnections('ap-south-1', job, aRun(), defaultTimeOuts)
  const call =
    what === 'STS'
      ? createStsClient(clientOptions, { credentials }).send(new GetCallerIdentityCommand({}))
      : requestIdToken(clientOptions.requestHandler, variables, 'x', new AbortController().signal)
  await expect(call).rejects.toMatchObject({
    name: 'UnreachableError',
    remedy: `Check ${setting}, and that a server listens at this address.`,
  })
})
