/** The committed bundle, started as the GitHub runner starts it, under every Node that it must run on. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Moto, startMoto } from '../support/moto.ts'
import { node24 } from '../support/node24.ts'
import { type RunnerOptions, runAction } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'

const role = 'arn:aws:iam::222222222222:role/tenant-tables-provisioner'
const accessKey = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY',
}
const inputs = { environment: 'dev', 'aws-region': 'ap-south-1', 'role-to-assume': role }

const node24Path = await node24()
const nodes = [
  ['this Node', process.execPath],
  ...(node24Path === undefined ? [] : [['Node 24', node24Path] as const]),
] as const

it('is tested under Node 24', () => {
  if (node24Path === undefined)
    console.warn('NOT RUN: the bundle under Node 24, because the npm package node@24 cannot be had')
  if (process.env.CI) expect(node24Path).toBeDefined()
})

/** An STS that says one thing, or nothing at all. */
async function startSts(answer: ((body: string) => { status: number; body: string }) | undefined) {
  const calls: string[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      calls.push(request.method === 'POST' ? (new URLSearchParams(body).get('Action') ?? 'DynamoDB') : 'token')
      if (request.method === 'GET') {
        const claims = {
          iss: 'https://token.actions.githubusercontent.com',
          sub: 'repo:acme/app:ref:refs/heads/main',
          aud: 'sts.amazonaws.com',
        }
        const value = `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`
        response.end(JSON.stringify({ value }))
        return
      }
      const result = answer?.(body)
      if (result !== undefined) response.writeHead(result.status, { 'content-type': 'text/xml' }).end(result.body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    calls,
    environment: {
      AWS_ENDPOINT_URL: url,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token-of-the-job',
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const denied = (action: string) => ({
  status: 403,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:${action}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
})

describe.each(nodes)('the bundle under %s', (_, node) => {
  const run = (options: RunnerOptions) => runAction({ node, ...options })

  it('names every wrong input at once, calls nothing and sets nothing', async () => {
    const sts = await startSts(undefined)
    const result = await run({
      inputs: { environment: '', command: 'destroy', 'aws-region': 'moon', 'timeout-seconds': 'soon', tags: 'x' },
      environment: { ...accessKey, ...sts.environment },
    })
    sts.close()

    expect(result.exitCode).toBe(1)
    expect(sts.calls).toEqual([])
    expect(result.outputs).toEqual({})
    const [message] = result.commands.filter(({ command }) => command === 'error').map((each) => each.message)
    for (const name of ['environment', 'confirm-destroy', 'aws-region', 'timeout-seconds', 'tags']) {
      expect(message).toContain(`- ${name} `)
    }
  })

  it('fails after one call when STS denies the token, and says what the token says', async () => {
    const sts = await startSts(() => denied('AssumeRoleWithWebIdentity'))
    const result = await run({ inputs, environment: sts.environment })
    sts.close()

    expect(result.exitCode).toBe(1)
    expect(sts.calls).toEqual(['token', 'AssumeRoleWithWebIdentity'])
    const [message] = result.commands.filter(({ command }) => command === 'error').map((each) => each.message)
    expect(message).toContain('"environment:"')
    expect(message).toContain('\nsub: repo:acme/app:ref:refs/heads/main\n')
    expect(message).not.toContain('.signature')
    expect(result.outputs).toEqual({})
  })

  it('fails after one call when STS denies the role', async () => {
    const sts = await startSts(() => denied('AssumeRole'))
    const result = await run({ inputs, environment: { ...accessKey, ...sts.environment } })
    sts.close()

    expect(result.exitCode).toBe(1)
    expect(sts.calls).toEqual(['AssumeRole'])
  })

  it('ends within 2 seconds of SIGINT, though STS hangs, with a summary', async () => {
    const sts = await startSts(undefined)
    const result = await run({
      inputs,
      environment: { ...accessKey, ...sts.environment },
      interruptWhen: (output) => output.includes('Credentials: '),
    })
    sts.close()

    expect(result.exitCode).toBe(1)
    expect(result.millisecondsAfterInterrupt).toBeLessThan(2000)
    expect(result.summary).toContain('The run was cancelled')
    expect(sts.calls).toEqual(['AssumeRole'])
  })

  it('ends at its deadline, though STS hangs', async () => {
    const sts = await startSts(undefined)
    const result = await run({
      inputs: { ...inputs, 'timeout-seconds': '1' },
      environment: { ...accessKey, ...sts.environment },
    })
    sts.close()

    expect(result.exitCode).toBe(1)
    expect(result.milliseconds).toBeLessThan(4000)
    expect(result.summary).toContain('did not finish within its 1 seconds')
  })
})

const moto: Moto | undefined = await startMoto()

if (moto === undefined) {
  it('does its job on moto', () => {
    if (process.env.CI) throw new Error("moto_server is missing: pip install 'moto[server]==5.2.1'")
    console.warn("NOT RUN: the bundle on moto, because moto_server is missing: pip install 'moto[server]==5.2.1'")
  })
} else {
  afterAll(() => moto.stop())
  const environment = { ...accessKey, AWS_ENDPOINT_URL: moto.url }

  describe.each(nodes)('the bundle on moto under %s', (_, node) => {
    beforeEach(() => moto.reset())

    it('creates the tables, then has nothing to do, and no file, output or line holds a secret', async () => {
      const first = await runAction({ node, inputs, environment })
      const second = await runAction({ node, inputs, environment })

      expect([first.exitCode, first.outputs.changed, first.outputs['changes-count']]).toEqual([0, 'true', '2'])
      expect([second.exitCode, second.outputs.changed, second.outputs['has-changes']]).toEqual([0, 'false', 'false'])
      expect(second.outputs['users-table-arn']).toBe('arn:aws:dynamodb:ap-south-1:222222222222:table/users')
      expect([first.state, first.environmentFile, first.pathFile]).toEqual(['', '', ''])
      for (const { written, commands } of [first, second]) {
        const masked = commands.filter(({ command }) => command === 'add-mask').map(({ message }) => message)
        // The key of the environment, and that of the role's session.
        expect(masked).toHaveLength(5)
        expect(leaksIn(written, masked)).toEqual([])
      }
    })

    it('says how far it got when it is cancelled in a wait, and the next run finishes the job', async () => {
      const cancelled = await runAction({
        node,
        inputs: { ...inputs, environment: 'prod' },
        environment,
        interruptWhen: (output) => output.includes('::group::Apply'),
      })

      expect(cancelled.exitCode).toBe(1)
      expect(cancelled.millisecondsAfterInterrupt).toBeLessThan(2000)
      expect(cancelled.summary).toMatch(/point-in-time recovery: .* \| not started \|/)
      expect(cancelled.outputs['users-table-arn']).toBe('arn:aws:dynamodb:ap-south-1:222222222222:table/users')

      const next = await runAction({ node, inputs: { ...inputs, environment: 'prod' }, environment })
      expect(next.exitCode).toBe(0)
      const last = await runAction({ node, inputs: { ...inputs, environment: 'prod' }, environment })
      expect(last.outputs['has-changes']).toBe('false')
    })

    it('finishes the job of a run that was killed', async () => {
      const killed = await runAction({
        node,
        inputs: { ...inputs, environment: 'prod' },
        environment,
        killWhen: (output) => output.includes('::group::Apply'),
      })
      expect(killed.signal).toBe('SIGKILL')

      const next = await runAction({ node, inputs: { ...inputs, environment: 'prod' }, environment })
      expect(next.exitCode).toBe(0)
    })
  })
}
