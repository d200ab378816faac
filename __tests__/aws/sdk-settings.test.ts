import type { SharedConfigFiles } from '@smithy/types'
import { readSdkSettings } from '../../src/aws/sdk-settings.ts'
import { InvalidInputsError } from '../../src/errors/errors.ts'
import { readInputs } from '../../src/inputs/inputs.ts'
import { sourceOf } from '../support/builders.ts'

type Variables = Readonly<Record<string, string>>

const noFiles: SharedConfigFiles = { configFile: {}, credentialsFile: {} }
const read = (variables: Variables, sharedConfig = noFiles) =>
  readInputs({ ...sourceOf({}, variables), sharedConfig }).sdkSettings

function problems(variables: Variables, sharedConfig = noFiles): readonly string[] {
  try {
    read(variables, sharedConfig)
    return []
  } catch (error) {
    if (error instanceof InvalidInputsError) return error.problems
    throw error
  }
}

const withProfile = (
  values: Variables,
  name = 'default',
  sections: SharedConfigFiles['configFile'] = {},
): SharedConfigFiles => ({
  configFile: { [name]: values, ...sections },
  credentialsFile: {},
})

describe('a custom endpoint', () => {
  it.each([
    ['AWS_ENDPOINT_URL', 'localhost:4566'],
    ['AWS_ENDPOINT_URL_STS', '127.0.0.1:4566'],
    ['AWS_ENDPOINT_URL_DYNAMODB', 'ftp://localhost:4566'],
    ['AWS_ENDPOINT_URL_SSO_OIDC', 'http://'],
    ['AWS_ENDPOINT_URL', 'true'],
  ])('in %s must be an http or https URL, and not %s', (name, value) => {
    expect(problems({ [name]: value })).toEqual([
      `${name} must be a URL that begins with http:// or https://, such as http://localhost:4566, but is "${value}".`,
    ])
  })

  it.each(['http://name:password@localhost:4566', 'https://password@localhost', 'name:password@localhost:4566'])(
    'must hold no login, which is not shown: %s',
    (value) => {
      const [problem = '', ...others] = problems({ AWS_ENDPOINT_URL: value })
      expect(others).toEqual([])
      expect(problem).toMatch(/^AWS_ENDPOINT_URL must .*\*\*\*@localhost/)
      expect(problem).not.toMatch(/name:|password@/)
    },
  )

  it.each(['http://localhost:4566/?token=a', 'http://localhost:4566/#token'])(
    'must hold nothing that the SDK would leave out: %s',
    (value) => {
      expect(problems({ AWS_ENDPOINT_URL_STS: value })).toEqual([
        `AWS_ENDPOINT_URL_STS must have no ? and no #, which would not be sent, but is "${value.replace(/token.*/, '***')}".`,
      ])
    },
  )

  it('is named once where STS and DynamoDB share it', () => {
    expect(problems({ AWS_ENDPOINT_URL: 'x' })).toHaveLength(1)
  })

  it('is read for each service in the order of the SDK, and its origin is named', () => {
    const sharedConfig = withProfile({ endpoint_url: 'http://profile:1', services: 'local' }, 'work', {
      'services.local': { 'dynamodb.endpoint_url': 'http://section:2/base/' },
    })
    const named = (variables: Variables, files = sharedConfig) =>
      readSdkSettings({ AWS_PROFILE: 'work', ...variables }, files).endpoints.map(
        ({ service, url, setting }) => `${service} ${url} ${setting}`,
      )
    expect(named({})).toEqual([
      'STS http://profile:1 endpoint_url of the profile "work"',
      'DynamoDB http://section:2/base endpoint_url of dynamodb in the services section "local"',
    ])
    expect(named({ AWS_ENDPOINT_URL: 'http://[::1]:3', AWS_ENDPOINT_URL_STS: 'https://sts:4' })).toEqual([
      'STS https://sts:4 AWS_ENDPOINT_URL_STS',
      'DynamoDB http://[::1]:3 AWS_ENDPOINT_URL',
    ])
    expect(named({ AWS_ENDPOINT_URL: '', AWS_ENDPOINT_URL_STS: '' })).toEqual(named({}))
    // Most runs do not call KMS.
    expect(named({ AWS_ENDPOINT_URL_KMS: 'http://kms:5' }).at(-1)).toBe('KMS http://kms:5 AWS_ENDPOINT_URL_KMS')
    expect(named({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true', AWS_ENDPOINT_URL: 'x' })).toEqual([])
    expect(named({ AWS_PROFILE: '' })).toEqual([])
  })

  it('is not checked where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true', () => {
    expect(problems({ AWS_ENDPOINT_URL: 'x', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })).toEqual([])
  })
})

describe('a setting of the SDK', () => {
  it.each([
    ['AWS_USE_FIPS_ENDPOINT', 'True'],
    ['AWS_USE_DUALSTACK_ENDPOINT', '1'],
    ['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', ' true'],
  ])('in %s must be true or false, and not %s', (name, value) => {
    expect(problems({ [name]: value })).toEqual([`${name} must be true or false, but is "${value}".`])
  })

  it('is accepted where it is empty or has a value that the SDK reads', () => {
    const names = ['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT', 'AWS_ENDPOINT_URL']
    expect(problems(Object.fromEntries(names.map((name) => [name, ''])))).toEqual([])
    expect(problems({ AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'false' })).toEqual([])
  })

  it('that our clients do not read is not checked', () => {
    expect(problems({ AWS_DEFAULTS_MODE: 'fast', AWS_RETRY_MODE: 'off', AWS_MAX_ATTEMPTS: 'three' })).toEqual([])
  })

  it('is read in the profile as well, where no variable overrides it, and named by key and profile', () => {
    const wrong = { use_fips_endpoint: 'yes', endpoint_url: 'localhost:1' }
    expect(problems({ AWS_PROFILE: 'work' }, withProfile(wrong, 'work'))).toEqual([
      'use_fips_endpoint of the profile "work" must be true or false, but is "yes".',
      'endpoint_url of the profile "work" must be a URL that begins with http:// or https://, such as http://localhost:4566, but is "localhost:1".',
    ])
    const right = { AWS_USE_FIPS_ENDPOINT: 'false', AWS_ENDPOINT_URL: 'http://localhost:1' }
    expect(problems(right, withProfile(wrong))).toEqual([])
    expect(problems({}, withProfile(wrong, 'work'))).toEqual([])
  })

  it('in a services section that is missing is a problem, because the SDK would call AWS instead', () => {
    expect(problems({}, withProfile({ services: 'local' }))).toEqual([
      'The profile "default" names the services section "local", which the shared config file does not have. Add "[services local]", or take "services" out of the profile.',
    ])
    expect(problems({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, withProfile({ services: 'local' }))).toEqual([])
  })

  it('is reported together with wrong inputs, all at once', () => {
    expect(() =>
      readInputs(sourceOf({ environment: '' }, { AWS_ENDPOINT_URL: 'x', AWS_USE_FIPS_ENDPOINT: 'TRUE' })),
    ).toThrow('The inputs have 3 problems.')
  })
})

describe('certificates that this action does not read', () => {
  it.each([
    ['AWS_CA_BUNDLE', { AWS_CA_BUNDLE: '/etc/ca.pem' }, noFiles],
    ['ca_bundle of the profile "default"', {}, withProfile({ ca_bundle: '/etc/ca.pem' })],
  ])('in %s are a warning that names NODE_EXTRA_CA_CERTS', (name, variables: Variables, files) => {
    expect(read(variables, files).warnings).toEqual([
      `${name} is set, but this action does not read it. To trust the certificates in "/etc/ca.pem", set NODE_EXTRA_CA_CERTS to that path in the env of the step or of the job.`,
    ])
    expect(read({ ...variables, NODE_EXTRA_CA_CERTS: '/etc/ca.pem' }, files).warnings).toEqual([])
  })
})

it('the endpoint of the instance metadata must be an http or https URL', () => {
  expect(problems({ AWS_EC2_METADATA_SERVICE_ENDPOINT: '127.0.0.1:9' })).toEqual([
    expect.stringContaining('AWS_EC2_METADATA_SERVICE_ENDPOINT must be a URL'),
  ])
})

it('a service in capitals in a services section is a problem, because the SDK would call AWS instead', () => {
  const section = { 'services loc': {}, 'services.loc': { 'STS.endpoint_url': 'http://localhost:4566' } }
  expect(problems({}, withProfile({ services: 'loc' }, 'default', section))).toEqual([
    'The services section "loc" has "STS", which must be written in lower case.',
  ])
})
