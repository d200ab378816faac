/**
 * A lower bound of the time of a run: one login and six reads with node:http and own signatures. It checks and prints
 * nothing, and opens each connection when it is needed. A program with the same requests can only be faster by opening
 * connections early.
 */
import { createHash, createHmac } from 'node:crypto'
import { Agent, request } from 'node:http'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const endpoints = {
  sts: new URL(process.env.AWS_ENDPOINT_URL_STS ?? ''),
  dynamodb: new URL(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? ''),
}
const region = process.env.AWS_REGION ?? ''
const agent = new Agent({ keepAlive: true })

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function sign(service: string, headers: Record<string, string>, body: string, credentials: Credentials): string {
  const time = headers['x-amz-date'] ?? ''
  const names = Object.keys(headers).sort()
  const signedHeaders = names.join(';')
  const canonical = ['POST', '/', '', ...names.map((name) => `${name}:${headers[name]}`), '', signedHeaders, hash(body)]
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, scope, hash(canonical.join('\n'))].join('\n')
  const key = [time.slice(0, 8), region, service, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`
}

function call(
  service: keyof typeof endpoints,
  own: Readonly<Record<string, string>>,
  body: string,
  credentials: Credentials,
): Promise<string> {
  const endpoint = endpoints[service]
  const headers: Record<string, string> = {
    host: endpoint.host,
    'x-amz-date': new Date().toISOString().replace(/[-:]|\.\d{3}/g, ''),
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
    ...own,
  }
  headers.authorization = sign(service, headers, body, credentials)
  return send(endpoint, 'POST', headers, body)
}

function send(url: URL, method: string, headers: Readonly<Record<string, string>>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve(Buffer.concat(chunks).toString()))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const [role = '', externalId = '', ...tables] = process.argv.slice(2)

/** Returns the response of STS, for the job's OIDC token if it has one, else for the access key in the environment. */
async function assumeRole(): Promise<string> {
  const common = { Version: '2011-06-15', RoleArn: role, RoleSessionName: 'floor' }
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl, ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken } = process.env
  if (tokenUrl === undefined) {
    const form = new URLSearchParams({ Action: 'AssumeRole', ...common, ExternalId: externalId })
    return await call('sts', type, form.toString(), {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '',
    })
  }
  const url = new URL(`${tokenUrl}&audience=sts.amazonaws.com`)
  const { value } = JSON.parse(await send(url, 'GET', { authorization: `Bearer ${requestToken}` }, ''))
  const form = new URLSearchParams({ Action: 'AssumeRoleWithWebIdentity', ...common, WebIdentityToken: value })
  return await send(endpoints.sts, 'POST', type, form.toString())
}

const session = await assumeRole()
const field = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(session)?.[1] ?? ''
const credentials = {
  accessKeyId: field('AccessKeyId'),
  secretAccessKey: field('SecretAccessKey'),
  sessionToken: field('SessionToken'),
}
const read = (operation: string, input: object) =>
  call(
    'dynamodb',
    { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
    JSON.stringify(input),
    credentials,
  )
const account = /arn:aws:iam::(\d+):/.exec(role)?.[1]
const answers = await Promise.all(
  tables.flatMap((TableName) => [
    read('DescribeTable', { TableName }),
    read('DescribeContinuousBackups', { TableName }),
    read('ListTagsOfResource', { ResourceArn: `arn:aws:dynamodb:${region}:${account}:table/${TableName}` }),
  ]),
)
// An error response takes less time, so the bound would be too low.
if (answers.some((answer) => answer.includes('__type') || answer === '')) throw new Error(answers.join('\n'))
agent.destroy()
