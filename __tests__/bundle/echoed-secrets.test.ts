/** Secrets that a response repeats, which must not reach the log. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runAction } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'

async function withEndpoint<Result>(listener: RequestListener, use: (url: string) => Promise<Result>): Promise<Result> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const inputs = { command: 'plan', environment: 'dev', 'aws-region': 'ap-south-1', 'timeout-seconds': '20' }

describe('a secret that the SDK finds by itself and STS repeats', () => {
  const secretKey = 'wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY'
  const sessionToken = 'IQoJb3JpZ2luX2VjEAbase/profile+session/token0123456789'
  const webToken = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg'
  const role = 'region=ap-south-1\nrole_arn=arn:aws:iam::222222222222:role/work'

  it.each([
    [
      'the session token of a profile',
      `[profile work]\n${role}\nsource_profile=base\n[profile base]\nregion=ap-south-1\n`,
      `[base]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=${secretKey}\naws_session_token=${sessionToken}\n`,
    ],
    ['a web identity that a profile names', `[profile work]\n${role}\nweb_identity_token_file=FOLDER/token\n`, ''],
  ])('is hidden: %s', async (_, config, credentials) => {
    const folder = mkdtempSync(join(tmpdir(), 'profile-'))
    writeFileSync(join(folder, 'token'), webToken)
    writeFileSync(join(folder, 'config'), config.replace('FOLDER', folder))
    writeFileSync(join(folder, 'credentials'), credentials)
    let echoed = ''
    const echo: RequestListener = async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const token = new URLSearchParams(body).get('WebIdentityToken')
      echoed += `${request.headers['x-amz-security-token']} ${token}`
      response.writeHead(403, { 'content-type': 'text/xml' })
      response.end(
        `<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The request was: ${echoed}</Message></Error></ErrorResponse>`,
      )
    }
    const { written, stdout } = await withEndpoint(echo, (AWS_ENDPOINT_URL) =>
      runAction({
        inputs,
        environment: {
          AWS_CONFIG_FILE: join(folder, 'config'),
          AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
          AWS_PROFILE: 'work',
          AWS_ENDPOINT_URL,
        },
      }),
    )
    expect(echoed).toMatch(/token0123456789|eyJhbGci/)
    expect(stdout).toContain('The request was: ')
    expect(leaksIn(written, [secretKey, sessionToken, webToken])).toEqual([])
  })
})

describe('a session token that DynamoDB repeats', () => {
  const sessionToken = 'IQoJb3JpZ2luX2VjEAsession/token+of/the==job0123456789'
  const key = {
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY',
  }
  const encoded = encodeURIComponent(sessionToken)
  const identity =
    '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::222222222222:user/me</Arn><Account>222222222222</Account></GetCallerIdentityResult></GetCallerIdentityResponse>'

  it.each([
    ['URL-encoded with lower-case digits', encoded.replace(/%../g, (digits) => digits.toLowerCase())],
    ['URL-encoded, "/" left as it is', encoded.replaceAll('%2F', '/')],
    ['URL-encoded twice', encodeURIComponent(encoded)],
    ['with every character escaped', [...Buffer.from(sessionToken)].map((byte) => `%${byte.toString(16)}`).join('')],
  ])('is hidden: %s', async (_, spelled) => {
    const echo: RequestListener = async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      if (body.includes('Action=GetCallerIdentity'))
        return response.writeHead(200, { 'content-type': 'text/xml' }).end(identity)
      const message = `No access with X-Amz-Security-Token=${spelled}&X=%zz`
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
      return response.end(JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', message }))
    }
    const { exitCode, written, stdout, summary } = await withEndpoint(echo, (AWS_ENDPOINT_URL) =>
      runAction({ inputs, environment: { ...key, AWS_SESSION_TOKEN: sessionToken, AWS_ENDPOINT_URL } }),
    )
    expect(exitCode).toBe(1)
    expect(leaksIn(written, [sessionToken])).toEqual([])
    expect(stdout).toContain('No access with X-Amz-Security-Token=***&X=%25zz')
    expect(summary).toContain('No access with X-Amz-Security-Token=***&X=%zz')
  })
})
