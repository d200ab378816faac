import { describeError, renderError } from '../../src/errors/description.ts'
import { InvalidInputsError, isOutcomeUnknown, RemedyError, StoppedError } from '../../src/errors/errors.ts'
import { errorCode, errorMessage, errorName } from '../../src/errors/thrown.ts'

it('renders an error with facts and statements unchanged on lines of their own, remedy, and causes, outermost first', () => {
  const deepest = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
  const cause = Object.assign(new Error('as AWS says', { cause: deepest }), { name: 'AccessDenied' })
  const facts = [
    { name: 'sub', value: 'repo:acme@1/app@2:environment:dev' },
    { name: 'aud', value: 'sts.amazonaws.com' },
  ]
  const statements = ['{"Effect":"Allow"}', '{"Effect":"Deny"}']
  expect(renderError(new RemedyError('It broke.', 'Fix it.', { facts, statements, cause })).split('\n')).toEqual([
    'It broke.',
    'sub: repo:acme@1/app@2:environment:dev',
    'aud: sts.amazonaws.com',
    'To fix: Fix it.',
    'The statement to add: {"Effect":"Allow"}',
    'The statement to add: {"Effect":"Deny"}',
    'Caused by: AccessDenied: as AWS says',
    'Caused by: ECONNRESET: socket hang up',
  ])
})

const nothingMore = { remedy: undefined, problems: [], facts: [], statements: [], causes: [] }

it('describes a response that the SDK cannot read by its status', () => {
  const unknown = { name: 'Unknown', message: 'Unknown', $metadata: { httpStatusCode: 502 } }
  expect(describeError(unknown).message).toBe('Unknown: a response with status 502 that is not in the format of AWS')
  expect(describeError({ name: 'Unknown', message: 'Unknown' }).message).toBe('Unknown: Unknown')
})

it('describes any thrown value', () => {
  expect(describeError('text')).toEqual({ ...nothingMore, message: 'text' })
  expect(describeError(undefined).message).toBe('A value that is not an error was thrown: undefined')
  expect(describeError({ name: 1 }).message).toBe('A value that is not an error was thrown: object')
  expect(describeError(new TypeError('wrong'))).toEqual({ ...nothingMore, message: 'TypeError: wrong' })
  expect(describeError(Object.assign(new Error(''), { code: 'ECONNREFUSED' })).message).toBe('ECONNREFUSED')
  expect(describeError(new RangeError('')).message).toBe('RangeError')
  expect(describeError(Object.assign(new TypeError('wrong'), { code: 'E' })).message).toBe('TypeError: wrong')
  expect(describeError(new Error('plain')).message).toBe('Error: plain')
})

it('describes an error of ours without its name, and with a remedy only where it has one', () => {
  expect(describeError(new RemedyError('It broke.', 'Fix it.'))).toStrictEqual({
    ...nothingMore,
    message: 'It broke.',
    remedy: 'Fix it.',
  })
  expect(describeError(new InvalidInputsError(['a must be b.']))).toStrictEqual({
    ...nothingMore,
    message: 'The inputs have 1 problem.',
    problems: ['a must be b.'],
  })
})

it('adds a cause to a copy of a StoppedError, and leaves the error unchanged', () => {
  const stopped = new StoppedError('too late', 'run again')
  expect(renderError(stopped.after(new Error('busy')))).toBe('too late\nTo fix: run again\nCaused by: Error: busy')
  expect(stopped.cause).toBeUndefined()
})

it('adds what was waited for, and its remedy, to a copy of a StoppedError', () => {
  const stopped = new StoppedError('Too late.', 'Run again.', { cause: 'busy' })
  expect(stopped.whileWaitingFor('a table', 'See the console.')).toMatchObject({
    message: 'Too late. It was waiting for a table.',
    remedy: 'Run again. See the console.',
    cause: 'busy',
  })
  expect(stopped.whileWaitingFor('a table').remedy).toBe('Run again.')
})

it('the outcome is unknown after an unexpected error, and after one of ours only where it says so', () => {
  const stopped = new StoppedError('Too late.', 'Run again.')
  const known = [new RemedyError('It broke.', 'Fix it.'), stopped, stopped.after('busy'), stopped.whileWaitingFor('x')]
  const sent = stopped.withUnknownOutcome()
  const unknown = [new Error('unexpected'), 'text', undefined, sent, sent.after('busy'), sent.whileWaitingFor('x')]
  expect(known.map(isOutcomeUnknown)).toEqual(known.map(() => false))
  expect(unknown.map(isOutcomeUnknown)).toEqual(unknown.map(() => true))
})

it('renders wrong inputs as one message, with one line for each', () => {
  expect(renderError(new InvalidInputsError(['a must be b.']))).toBe('The inputs have 1 problem.\n- a must be b.')
  expect(renderError(new InvalidInputsError(['a must be b.', 'c must be d.']))).toBe(
    'The inputs have 2 problems.\n- a must be b.\n- c must be d.',
  )
})

it('reads name, message and code by their shape, and returns empty text where there are none', () => {
  const error = Object.assign(new Error('m'), { name: 'N', code: 'C' })
  expect([errorName(error), errorMessage(error), errorCode(error)]).toEqual(['N', 'm', 'C'])
  expect([errorName(1), errorMessage(1), errorCode(1)]).toEqual(['', '1', ''])
  expect(errorCode(Object.assign(new Error('m'), { code: 7 }))).toBe('')
})
