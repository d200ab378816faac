import { escapeLine } from '../../src/github/log.ts'
import { readInputs } from '../../src/inputs/inputs.ts'
import { describePlace } from '../../src/report/place.ts'
import { sourceOf } from '../support/builders.ts'

const placeOf = (inputs: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>> = {}) =>
  describePlace(readInputs(sourceOf(inputs, variables)))

it('names command, environment, the rule for production, region and the full names of the tables', () => {
  expect(placeOf({ environment: 'prod-eu', 'table-name-prefix': 'x-' })).toBe(
    'Command apply: environment "prod-eu" (production, because its name has the part "prod"), region ap-south-1, tables "x-tenant" and "x-users"',
  )
  expect(placeOf({ environment: 'dev', command: 'plan', production: 'false' })).toBe(
    'Command plan: environment "dev" (not production, because production is false), region ap-south-1, tables "tenant" and "users"',
  )
})

it('names every environment and every region where command: policy is given none', () => {
  expect(placeOf({ command: 'policy', environment: '', 'aws-region': '' })).toBe(
    'Command policy: every environment, every region, tables "tenant" and "users"',
  )
})

it.each(['apply', 'plan', 'verify', 'destroy'])('names the same facts for %s', (command) => {
  expect(placeOf({ command, 'confirm-destroy': 'tenant\nusers' })).toMatch(
    new RegExp(`^Command ${command}: environment "dev" .*, region ap-south-1, tables "tenant" and "users"$`),
  )
})

it('names each custom endpoint, with the services that are called there and the setting that names it', () => {
  const variables = {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566/',
    AWS_ENDPOINT_URL_STS: 'https://sts.example/path',
    AWS_ENDPOINT_URL_S3: 'http://s3.example',
  }
  expect(placeOf({}, variables)).toMatch(
    /, STS at https:\/\/sts\.example\/path \(AWS_ENDPOINT_URL_STS\), DynamoDB at http:\/\/127\.0\.0\.1:4566 \(AWS_ENDPOINT_URL\)$/,
  )
  expect(placeOf({}, { AWS_ENDPOINT_URL: 'http://localhost:4566' })).toMatch(
    /, STS and DynamoDB at http:\/\/localhost:4566 \(AWS_ENDPOINT_URL\)$/,
  )
})

it('stays on one line of bounded length, whatever the names and endpoints are', () => {
  const line = placeOf(
    { environment: `${'e\u2028'.repeat(127)}e`, 'table-name-prefix': 'x'.repeat(249) },
    { AWS_ENDPOINT_URL: `http://${'a.'.repeat(5000)}example` },
  )
  expect(line.length).toBeLessThan(2000)
  expect(line).toContain(`"${'x'.repeat(249)}tenant" and "${'x'.repeat(249)}users"`)
  expect(escapeLine(line)).not.toMatch(/[\p{Zl}\p{Zp}\p{Cc}]/u)
})
