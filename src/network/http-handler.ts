/** Answers that end: one without an end would fill the memory before the run is stopped. Hosts that are not reached are explained. */
import { pipeline, type Readable, Transform } from 'node:stream'
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import { explainUnreachable } from './unreachable.ts'

/** In bytes. AWS's longest answers, pages of items, have one MiB. */
export const longestAnswer = 16 * 1024 * 1024

/** The SDK's own handler; a longer answer breaks off with an error, which no try mends. */
export class BoundedHandler extends NodeHttpHandler {
  readonly #settingOf: (url: URL) => string

  /** @param settingOf the input or variable that names a host */
  constructor(options: NodeHttpHandlerOptions, settingOf: (url: URL) => string) {
    super(options)
    this.#settingOf = settingOf
  }

  override async handle(...given: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    const { response } = await super.handle(...given).catch((error: unknown) => {
      const [{ protocol, hostname, port }] = given
      const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`)
      throw explainUnreachable({ url, setting: this.#settingOf(url) }, error)
    })
    response.body = bounded(response.body)
    return { response }
  }
}

function bounded(body: Readable): Readable {
  let length = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      length += chunk.length
      if (length > longestAnswer) done(new Error(`An answer has more than ${longestAnswer} bytes`))
      else done(null, chunk)
    },
  })
  // Who reads is told of what broke; and where it breaks here, the connection is closed.
  return pipeline(body, counted, () => undefined)
}
