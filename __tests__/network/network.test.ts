import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HttpRequest } from '@smithy/core/protocols'
import { defaultTimeOuts, openNetwork } from '../../src/network/network.ts'
import { aRun } from '../support/fakes.ts'

it('waits 5 s for a connection and 10 s for a response, over at most 50 connections to a host', async () => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { requestHandler } = openNetwork(() => 'a setting', aRun(), defaultTimeOuts)
  const { port } = server.address() as AddressInfo
  // The handler has its settings from the first request on.
  await requestHandler.handle(new HttpRequest({ protocol: 'http:', hostname: '127.0.0.1', port }))
  expect(requestHandler.httpHandlerConfigs()).toMatchObject({
    connectionTimeout: 5000,
    requestTimeout: 10_000,
    socketTimeout: 10_000,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: 50 },
    httpsAgent: { keepAlive: true, maxSockets: 50 },
  })
  requestHandler.destroy()
  server.close()
})
