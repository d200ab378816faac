import { describeError, renderError } from '../../src/errors/description.ts'
import {
  InvalidInputsError,
  isOutcomeUnknown,
  RemedyError,
  StoppedError,
  unreachable,
} from '../../src/errors/errors.ts'
import { errorCode, errorMessage, errorName } from '../../src/errors/thrown.ts'

it('an error is told with what to do and with what lay behind it, outermost first', () => {
  const deepest = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
  const cause = Object.assign(new Error('as AWS says', { cause: deepest }), { name: 'AccessDenied' })
  expect(renderError(new RemedyError('It broke.', 'Mend it.', { cause }))).toBe(
    'It broke.\nTo fix: Mend it.\nCaused by: AccessDenied: as AWS says\nCaused by: ECONNRESET: socket hang up',
  )
})

it('what would have allowed it is told on a line of its own, to the letter', () => {
  const statements = ['{"Effect":"Allow"}', '{"Effect":"Deny"}']
  expect(renderError(new RemedyError('It broke.', 'Mend it.', { statements, cause: new Error('x') }))).toBe(
    'It broke.\nTo fix: Mend it.\nThe statement to add: {"Effect":"Allow"}\nThe statement to add: {"Effect":"Deny"}\nCaused by: Error: x',
  )
})

it('facts are lines of their own, to the letter', () => {
  const facts = [
    { name: 'sub', value: 'repo:acme@1/app@2:environment:dev' },
    { name: 'aud', value: 'sts.amazonaws.com' },
  ]
  expect(renderError(new RemedyError('It broke.', 'Mend it.', { facts }))).toBe(
    'It broke.\nsub: repo:acme@1/app@2:environment:dev\naud: sts.amazonaws.com\nTo fix: Mend it.',
  )
})

it('an answer that the SDK cannot read is told by its status', () => {
  const unknown = { name: 'Unknown', message: 'Unknown', $metadata: { httpStatusCode: 502 } }
  expect(describeError(unknown).message).toBe("Unknown: an answer with status 502, and not of AWS's form")
  expect(describeError({ name: 'Unknown', message: 'Unknown' }).message).toBe('Unknown: Unknown')
})

it('anything that is thrown can be told', () => {
  expect(describeError('text')).toEqual({ message: 'text', problems: [], facts: [], statements: [], causes: [] })
  expect(describeError(undefined).message).toBe('Something that is no error was thrown: undefined')
  expect(describeError({ name: 1 }).message).toBe('Something that is no error was thrown: object')
  expect(describeError(new TypeError('wrong'))).toEqual({
    message: 'TypeError: wrong',
    problems: [],
    facts: [],
    statements: [],
    causes: [],
  })
  expect(describeError(Object.assign(new Error(''), { code: 'ECONNREFUSED' })).message).toBe('ECONNREFUSED')
  expect(describeError(new RangeError('')).message).toBe('RangeError')
  expect(describeError(Object.assign(new TypeError('wrong'), { code: 'E' })).message).toBe('TypeError: wrong')
  expect(describeError(new Error('plain')).message).toBe('Error: plain')
})

it('an error of ours is told without its name, and has a remedy only where one is known', () => {
  expect(describeError(new RemedyError('It broke.', 'Mend it.'))).toStrictEqual({
    message: 'It broke.',
    remedy: 'Mend it.',
    problems: [],
    facts: [],
    statements: [],
    causes: [],
  })
  expect(describeError(new InvalidInputsError(['a must be b.']))).toStrictEqual({
    message: 'An input is wrong.',
    problems: ['a must be b.'],
    facts: [],
    statements: [],
    causes: [],
  })
  expect(new InvalidInputsError(['a', 'b']).problems).toEqual(['a', 'b'])
})

it('an error that stopped the run can be told with what stood in the way, and stays the same error', () => {
  const stopped = new StoppedError('too late', 'run again')
  expect(describeError(stopped.after(new Error('busy')))).toEqual({
    message: 'too late',
    remedy: 'run again',
    problems: [],
    facts: [],
    statements: [],
    causes: ['Error: busy'],
  })
  expect(stopped.cause).toBeUndefined()
})

it('an error that stopped the run can be told with what was waited for, and what to do about that', () => {
  const stopped = new StoppedError('Too late.', 'Run again.', { cause: 'busy' })
  expect(stopped.whileWaitingFor('rain', 'Dance.')).toMatchObject({
    message: 'Too late. It was waiting for rain.',
    remedy: 'Run again. Dance.',
    cause: 'busy',
  })
  expect(stopped.whileWaitingFor('rain').remedy).toBe('Run again.')
})

it('the outcome is unknown after an unexpected error, and after one of ours only where it says so', () => {
  const stopped = new StoppedError('Too late.', 'Run again.')
  const known = [new RemedyError('It broke.', 'Fix it.'), stopped, stopped.after('busy'), stopped.whileWaitingFor('x')]
  const sent = stopped.withUnknownOutcome()
  const unknown = [new Error('unexpected'), 'text', undefined, sent, sent.after('busy'), sent.whileWaitingFor('x')]
  expect(known.map(isOutcomeUnknown)).toEqual(known.map(() => false))
  expect(unknown.map(isOutcomeUnknown)).toEqual(unknown.map(() => true))
})

it('a cause that leads back to itself is told five times at most', () => {
  const error = new Error('round')
  error.cause = error
  expect(describeError(error).causes).toHaveLength(5)
})

it('wrong inputs are told in one message, one line each where there are several', () => {
  expect(renderError(new InvalidInputsError(['a must be b.']))).toBe('An input is wrong.\n- a must be b.')
  expect(renderError(new InvalidInputsError(['a must be b.', 'c must be d.']))).toBe(
    '2 inputs are wrong.\n- a must be b.\n- c must be d.',
  )
})

it('name, message and code are read by shape, and are empty where there are none', () => {
  const error = Object.assign(new Error('m'), { name: 'N', code: 'C' })
  expect([errorName(error), errorMessage(error), errorCode(error)]).toEqual(['N', 'm', 'C'])
  expect([errorName(1), errorMessage(1), errorCode(1)]).toEqual(['', '1', ''])
  expect(errorCode(Object.assign(new Error('m'), { code: 7 }))).toBe('')
})

it('a case that nobody handles is an error of ours', () => {
  expect(() => unreachable({ action: 'new' } as never)).toThrow('Unhandled case: {"action":"new"}')
})
