import { findSimilar, findSimilarWords } from '../../src/text/similar.ts'

it.each([
  ['enviroment', 'environment'],
  ['enviornment', 'environment'],
  ['regoin', 'region'],
  ['completely-different', undefined],
  // A short name is close to names that mean something else.
  ['tag', undefined],
])('finds for %j the name %j', (written, expected) => {
  expect(findSimilar(written, ['environment', 'region', 'tags'])).toBe(expected)
})

it.each([
  ['pay_per_request', 'PAY_PER_REQUEST'],
  ['pay-per-requst', 'PAY_PER_REQUEST'],
  ['PayPerRequest', 'PAY_PER_REQUEST'],
  ['keyschema', 'KeySchema'],
  ['tags', 'Tags'],
  ['hash', 'HASH'],
  ['hush', undefined],
  ['', undefined],
])('finds for %j the word %j, in any case and with any separator', (written, expected) => {
  expect(findSimilarWords(written, ['PAY_PER_REQUEST', 'KeySchema', 'Tags', 'HASH'])).toBe(expected)
})
