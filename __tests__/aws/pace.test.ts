import { adaptivePace } from '../../src/aws/pace.ts'

const never = new AbortController().signal
const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })
const turnOfEvents = () => new Promise((resolve) => setImmediate(resolve))

/** Calls whose end a test decides. */
function calls(most: number) {
  const pace = adaptivePace(most)
  const underWay: { end: (error?: Error) => void }[] = []
  const results: Promise<unknown>[] = []
  const begin = (count: number, signal: AbortSignal = never) => {
    for (let number = 0; number < count; number += 1) {
      const result = pace(
        signal,
        () =>
          new Promise<void>((resolve, reject) => {
            underWay.push({ end: (error) => (error === undefined ? resolve() : reject(error)) })
          }),
      )
      results.push(result.catch((error: unknown) => error))
    }
  }
  const end = async (error?: Error) => {
    underWay.shift()?.end(error)
    await turnOfEvents()
  }
  return { begin, end, underWay, results }
}

it('starts calls up to the limit, and the others when a call ends', async () => {
  const { begin, end, underWay } = calls(3)
  begin(5)
  await turnOfEvents()
  expect(underWay).toHaveLength(3)
  await end()
  await end()
  expect(underWay).toHaveLength(3)
})

it('halves the limit after a throttled call, down to one, and raises it after other calls', async () => {
  const { begin, end, underWay } = calls(8)
  begin(60)
  await turnOfEvents()
  expect(underWay).toHaveLength(8)
  for (const allowed of [4, 2, 1, 1]) {
    await end(throttled)
    while (underWay.length > allowed) await end()
    expect(underWay.length).toBeGreaterThan(0)
  }
  await end(throttled)
  expect(underWay).toHaveLength(1)
  for (let number = 0; number < 30; number += 1) await end()
  expect(underWay.length).toBeGreaterThan(4)
})

it('keeps the limit after a call that failed for another reason', async () => {
  const { begin, end, underWay } = calls(2)
  begin(4)
  await turnOfEvents()
  await end(new Error('broken'))
  await end(new Error('broken'))
  expect(underWay).toHaveLength(2)
})

it('rejects a waiting call at its turn when its signal has fired, and gives its turn to the next call', async () => {
  const stopping = new AbortController()
  const { begin, end, underWay, results } = calls(1)
  begin(1)
  begin(1, stopping.signal)
  begin(1)
  await turnOfEvents()
  stopping.abort(new Error('enough'))
  await end()
  await expect(results[1]).resolves.toEqual(new Error('enough'))
  expect(underWay).toHaveLength(1)
  await end()
  begin(1, stopping.signal)
  await expect(results[3]).resolves.toEqual(new Error('enough'))
})
