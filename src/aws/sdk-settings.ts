/**
 * The settings that the AWS SDK reads by itself, checked. The SDK drops most values that it cannot read, and then works
 * without them: `AWS_USE_FIPS_ENDPOINT=True` would leave the FIPS endpoints unused. Pure.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
import { quote } from '../text/readable.ts'

type Values = Readonly<Record<string, string | undefined>>

/** The shared config and credentials files as the SDK parses them: sections by name. A file that cannot be read is empty. */
export interface SharedConfig {
  readonly configFile: Readonly<Record<string, Values>>
  readonly credentialsFile: Readonly<Record<string, Values>>
}

/** A service that is called at another address than AWS's own. */
export interface CustomEndpoint {
  readonly service: string
  /** Without credentials, which the SDK would not send. */
  readonly url: string
  /** The variable or the key of a profile that holds it, in words. */
  readonly setting: string
}

/** What a run must know of the settings. */
export interface SdkSettings {
  readonly endpoints: readonly CustomEndpoint[]
  /** Of settings that are not read. */
  readonly warnings: readonly string[]
}

export interface SettingProblem {
  /** The variable, or the key of a profile. */
  readonly name: string
  readonly message: string
}

/** What was found, and where: an environment variable, or a key of the profile. */
interface Found {
  readonly value: string
  readonly name: string
  /** The name, in words. */
  readonly setting: string
}

/** By the ids that name their variables: what every run calls, and what the SDK may call for credentials. */
const services = ['STS', 'DynamoDB', 'SSO', 'SSO OIDC', 'Signin']
const calledServices = services.slice(0, 2)

const booleans = [
  ['AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint'],
  ['AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint'],
  ['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls'],
  ['AWS_DISABLE_CLOCK_SKEW_CORRECTION', 'disable_clock_skew_correction'],
] as const

const choices = [
  ['AWS_DEFAULTS_MODE', 'defaults_mode', ['legacy', 'standard', 'in-region', 'cross-region', 'mobile', 'auto']],
  // The last one is for other SDKs: a job may set it for them.
  ['AWS_RETRY_MODE', 'retry_mode', ['standard', 'adaptive', 'legacy']],
] as const

const metadataEndpoint = 'AWS_EC2_METADATA_SERVICE_ENDPOINT'

const noFiles: SharedConfig = { configFile: {}, credentialsFile: {} }

/** Every setting that the SDK would misread or drop. */
export function findSettingProblems(
  variables: Values,
  sharedConfig: SharedConfig = noFiles,
): readonly SettingProblem[] {
  const find = finderIn(variables, sharedConfig)
  return [
    ...booleans.flatMap(([variable, key]) => mustBeOneOf(['true', 'false'], find(variable, key))),
    ...choices.flatMap(([variable, key, values]) => mustBeOneOf(values, find(variable, key), { anyCase: true })),
    ...mustBeNumber(find('AWS_MAX_ATTEMPTS', 'max_attempts')),
    ...findTokenUrlProblems(variables),
    ...findEndpointProblems(variables, sharedConfig),
  ]
}

/** Where STS and DynamoDB are called, for those that are not called at AWS's own address. */
export function customEndpoints(variables: Values, sharedConfig: SharedConfig = noFiles): readonly CustomEndpoint[] {
  return calledServices.flatMap((service) => {
    const found = findEndpoint(service, variables, sharedConfig)
    if (found === undefined || describeUrlProblem(found.value) !== undefined) return []
    return { service, url: new URL(found.value).href.replace(/\/$/, ''), setting: found.setting }
  })
}

/** What other tools of AWS read and this SDK does not: somebody who set it expects that it holds. */
export function findIgnoredSettings(variables: Values, sharedConfig: SharedConfig = noFiles): readonly string[] {
  const bundle = finderIn(variables, sharedConfig)('AWS_CA_BUNDLE', 'ca_bundle')
  if (bundle === undefined || variables.NODE_EXTRA_CA_CERTS) return []
  return [
    `${bundle.setting} is set, but this action does not read it. To trust the certificates in ${quote(bundle.value)}, set NODE_EXTRA_CA_CERTS to that path in the env of the step or of the job.`,
  ]
}

function findEndpointProblems(variables: Values, sharedConfig: SharedConfig): readonly SettingProblem[] {
  const found = services.flatMap((service) => findEndpoint(service, variables, sharedConfig) ?? [])
  const metadata = finderIn(variables, sharedConfig)(metadataEndpoint, 'ec2_metadata_service_endpoint')
  const all = [...found, ...(metadata === undefined ? [] : [metadata])]
  const endpoints = [...new Map(all.map((endpoint) => [endpoint.name, endpoint])).values()]
  const wrong = endpoints.flatMap(({ name, setting, value }) => {
    const problem = describeUrlProblem(value)
    return problem === undefined ? [] : [{ name, message: `${setting} ${problem}` }]
  })
  return [
    ...wrong,
    ...findConflicts(variables, sharedConfig),
    ...findMissingSection(variables, sharedConfig),
    ...findMisspeltServices(variables, sharedConfig),
  ]
}

/** The job's request token goes to this URL. The runner sets it; another environment may set it wrong. */
function findTokenUrlProblems(variables: Values): readonly SettingProblem[] {
  const name = 'ACTIONS_ID_TOKEN_REQUEST_URL'
  const value = variables[name]
  if (!value || !variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN) return []
  if (URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)) return []
  return [{ name, message: `${name} must be a URL that begins with http:// or https://, as GitHub's runner sets it.` }]
}

/** The SDK refuses them together, at the first call. */
function findConflicts(variables: Values, sharedConfig: SharedConfig): readonly SettingProblem[] {
  const [endpoint] = calledServices.flatMap((service) => findEndpoint(service, variables, sharedConfig) ?? [])
  if (endpoint === undefined) return []
  const find = finderIn(variables, sharedConfig)
  return booleans.slice(0, 2).flatMap(([variable, key]) => {
    const found = find(variable, key)
    if (found?.value !== 'true') return []
    const kind = key === 'use_fips_endpoint' ? 'a FIPS' : 'a dual-stack'
    return {
      name: found.name,
      message: `${found.setting} is true, but ${endpoint.setting} names an endpoint, which cannot be ${kind} one as well. Leave one of them out.`,
    }
  })
}

/** The SDK would pass over the profile's endpoints, and call AWS instead. */
function findMissingSection(variables: Values, sharedConfig: SharedConfig): readonly SettingProblem[] {
  const { name, values } = profileOf(variables, sharedConfig)
  const isRead = Boolean(values.services) && !ignoresEndpoints(variables, sharedConfig)
  if (!isRead || sharedConfig.configFile[`services.${values.services}`] !== undefined) return []
  return [
    {
      name: 'services',
      message: `The profile ${quote(name)} names the services section ${quote(values.services ?? '')}, which the shared config file does not have. Add "[services ${values.services}]", or take "services" out of the profile.`,
    },
  ]
}

/** The SDK reads a service's name in lower case alone, and would call AWS instead. */
function findMisspeltServices(variables: Values, sharedConfig: SharedConfig): readonly SettingProblem[] {
  const section = profileOf(variables, sharedConfig).values.services
  const keys = Object.keys(sharedConfig.configFile[`services.${section}`] ?? {})
  const known = services.map((service) => `${service.replaceAll(' ', '_').toLowerCase()}.endpoint_url`)
  if (ignoresEndpoints(variables, sharedConfig)) return []
  return keys
    .filter((key) => !known.includes(key) && known.includes(key.toLowerCase()))
    .map((key) => ({
      name: key,
      message: `The services section ${quote(section ?? '')} has ${quote(key.split('.')[0] ?? '')}, which must be written in lower case.`,
    }))
}

function describeUrlProblem(value: string): string | undefined {
  // What stands before an @ may be a password, and what stands behind a ? a token.
  const shown = quote(value.replace(/^(.*\/\/)?.*@/s, '$1***@').replace(/([?#]).*$/s, '$1***'))
  const mustBe = `must be a URL that begins with http:// or https://, such as http://localhost:4566, but is ${shown}.`
  let url: URL
  try {
    url = new URL(value)
  } catch {
    return mustBe
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return mustBe
  if (url.username !== '' || url.password !== '')
    return `must have no user name and no password, which would not be sent, but is ${shown}.`
  if (url.search !== '' || url.hash !== '') return `must have no ? and no #, which would not be sent, but is ${shown}.`
  return undefined
}

/** In the order in which the SDK searches. */
function findEndpoint(service: string, variables: Values, sharedConfig: SharedConfig): Found | undefined {
  if (ignoresEndpoints(variables, sharedConfig)) return undefined
  const id = service.replaceAll(' ', '_').toUpperCase()
  for (const variable of [`AWS_ENDPOINT_URL_${id}`, 'AWS_ENDPOINT_URL']) {
    const value = variables[variable]
    if (value) return { value, name: variable, setting: variable }
  }
  const { name, values } = profileOf(variables, sharedConfig)
  const ofService = sharedConfig.configFile[`services.${values.services}`]?.[`${id.toLowerCase()}.endpoint_url`]
  if (ofService) {
    const setting = `endpoint_url of ${id.toLowerCase()} in the services section ${quote(values.services ?? '')}`
    return { value: ofService, name: setting, setting }
  }
  const value = values.endpoint_url
  return value ? { value, name: 'endpoint_url', setting: describeKey('endpoint_url', name) } : undefined
}

function ignoresEndpoints(variables: Values, sharedConfig: SharedConfig): boolean {
  const find = finderIn(variables, sharedConfig)
  return find('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls')?.value === 'true'
}

/** A variable counts before the profile. One that is empty, as where nothing was given for it, does not. */
function finderIn(variables: Values, sharedConfig: SharedConfig): (variable: string, key: string) => Found | undefined {
  const profile = profileOf(variables, sharedConfig)
  return (variable, key) => {
    const ofVariable = variables[variable]
    if (ofVariable) return { value: ofVariable, name: variable, setting: variable }
    const value = profile.values[key]
    return value ? { value, name: key, setting: describeKey(key, profile.name) } : undefined
  }
}

/** The profile whose settings the SDK takes. */
function profileOf(variables: Values, { configFile, credentialsFile }: SharedConfig) {
  const name = variables.AWS_PROFILE || 'default'
  return { name, values: { ...credentialsFile[name], ...configFile[name] } as Values }
}

function describeKey(key: string, profile: string): string {
  return `${key} of the profile ${quote(profile)}`
}

function mustBeOneOf(
  values: readonly string[],
  found: Found | undefined,
  { anyCase = false } = {},
): readonly SettingProblem[] {
  if (found === undefined || values.includes(anyCase ? found.value.toLowerCase() : found.value)) return []
  return [
    { name: found.name, message: `${found.setting} must be ${values.join(' or ')}, but is ${quote(found.value)}.` },
  ]
}

function mustBeNumber(found: Found | undefined): readonly SettingProblem[] {
  if (found === undefined || /^\d{1,9}$/.test(found.value)) return []
  return [{ name: found.name, message: `${found.setting} must be a whole number, but is ${quote(found.value)}.` }]
}
