/**
 * Checks the settings that the AWS SDK reads by itself. The SDK ignores most values that it cannot read, and works without
 * them: with `AWS_USE_FIPS_ENDPOINT=True` it calls endpoints that are not FIPS endpoints.
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
  readonly url: string
  /** The variable or the key of a profile that holds it, in words. */
  readonly setting: string
}

export interface SdkSettings {
  readonly endpoints: readonly CustomEndpoint[]
  /** Warnings about settings that are not read. */
  readonly warnings: readonly string[]
}

/** The value of a setting, and where it was found. */
interface Found {
  readonly value: string
  /** The variable, or the key of a profile. */
  readonly name: string
  /** The name in words, with the profile. */
  readonly setting: string
}

/**
 * The services by name. The id in a variable is the name in upper case with underscores, such as SSO_OIDC. Every run
 * calls the first two, and a run whose definition names the alias of a key calls KMS. The SDK may call the others to get
 * credentials.
 */
const services = ['STS', 'DynamoDB', 'KMS', 'SSO', 'SSO OIDC', 'Signin']
const calledServices = services.slice(0, 3)

const fips = ['AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint'] as const
const dualStack = ['AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint'] as const
const ignoreEndpoints = ['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls'] as const
const metadataEndpoint = ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'ec2_metadata_service_endpoint'] as const

const noFiles: SharedConfig = { configFile: {}, credentialsFile: {} }

/** Finds every setting that the SDK would misread or ignore. */
export function findSettingProblems(variables: Values, sharedConfig = noFiles): readonly string[] {
  const sources = new SettingSources(variables, sharedConfig)
  return [
    ...[fips, dualStack, ignoreEndpoints].flatMap((names) => findBooleanProblems(sources.find(names))),
    ...findTokenUrlProblems(variables),
    ...findEndpointProblems(sources),
  ]
}

/** The endpoints of STS and DynamoDB, if they are not AWS's own. That of KMS only if it has a setting of its own. */
export function customEndpoints(variables: Values, sharedConfig = noFiles): readonly CustomEndpoint[] {
  const sources = new SettingSources(variables, sharedConfig)
  const endpoints = calledServices.flatMap((service) => {
    const found = sources.findEndpoint(service)
    if (found === undefined || describeUrlProblem(found.value) !== undefined) return []
    return { service, url: new URL(found.value).href.replace(/\/$/, ''), setting: found.setting }
  })
  const isShared = (setting: string) => endpoints.some((each) => each.service !== 'KMS' && each.setting === setting)
  return endpoints.filter(({ service, setting }) => service !== 'KMS' || !isShared(setting))
}

/** Warnings about settings that other AWS tools read, and this SDK does not. */
export function findIgnoredSettings(variables: Values, sharedConfig = noFiles): readonly string[] {
  const bundle = new SettingSources(variables, sharedConfig).find(['AWS_CA_BUNDLE', 'ca_bundle'])
  if (bundle === undefined || variables.NODE_EXTRA_CA_CERTS) return []
  return [
    `${bundle.setting} is set, but this action does not read it. To trust the certificates in ${quote(bundle.value)}, set NODE_EXTRA_CA_CERTS to that path in the env of the step or of the job.`,
  ]
}

/** Reads settings as the SDK does: a variable, else the key of the profile. An empty value counts as not given. */
class SettingSources {
  readonly #variables: Values
  readonly profileName: string
  readonly profile: Values
  /** The section that the profile names for the endpoints of single services; undefined if the file has none. */
  readonly servicesSection: Values | undefined

  constructor(variables: Values, { configFile, credentialsFile }: SharedConfig) {
    this.#variables = variables
    this.profileName = variables.AWS_PROFILE || 'default'
    this.profile = { ...credentialsFile[this.profileName], ...configFile[this.profileName] }
    this.servicesSection = configFile[`services.${this.profile.services}`]
  }

  find([variable, key]: readonly [variable: string, key: string]): Found | undefined {
    return this.#findVariable(variable) ?? this.#findKey(key)
  }

  findEndpoint(service: string): Found | undefined {
    if (this.ignoresEndpoints) return undefined
    const id = service.replaceAll(' ', '_').toUpperCase()
    return (
      this.#findVariable(`AWS_ENDPOINT_URL_${id}`) ??
      this.#findVariable('AWS_ENDPOINT_URL') ??
      this.#findInSection(id.toLowerCase()) ??
      this.#findKey('endpoint_url')
    )
  }

  get ignoresEndpoints(): boolean {
    return this.find(ignoreEndpoints)?.value === 'true'
  }

  #findVariable(name: string): Found | undefined {
    const value = this.#variables[name]
    return value ? { value, name, setting: name } : undefined
  }

  #findKey(name: string): Found | undefined {
    const value = this.profile[name]
    return value ? { value, name, setting: `${name} of the profile ${quote(this.profileName)}` } : undefined
  }

  #findInSection(id: string): Found | undefined {
    const value = this.servicesSection?.[`${id}.endpoint_url`]
    const setting = `endpoint_url of ${id} in the services section ${quote(this.profile.services ?? '')}`
    return value ? { value, name: setting, setting } : undefined
  }
}

function findBooleanProblems(found: Found | undefined): readonly string[] {
  if (found === undefined || found.value === 'true' || found.value === 'false') return []
  return [`${found.setting} must be true or false, but is ${quote(found.value)}.`]
}

/** The job's request token goes to this URL. The runner sets it; another environment may set it wrong. */
function findTokenUrlProblems(variables: Values): readonly string[] {
  const name = 'ACTIONS_ID_TOKEN_REQUEST_URL'
  const value = variables[name]
  if (!value || !variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN) return []
  if (URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)) return []
  return [`${name} must be a URL that begins with http:// or https://, as GitHub's runner sets it.`]
}

function findEndpointProblems(sources: SettingSources): readonly string[] {
  const found = [...services.map((service) => sources.findEndpoint(service)), sources.find(metadataEndpoint)]
  // Services may share an endpoint, which is reported once.
  const endpoints = new Map(found.flatMap((each) => (each === undefined ? [] : [[each.name, each]])))
  const wrong = [...endpoints.values()].flatMap(({ setting, value }) => {
    const problem = describeUrlProblem(value)
    return problem === undefined ? [] : [`${setting} ${problem}`]
  })
  return [...wrong, ...findConflicts(sources), ...findSectionProblems(sources)]
}

/** The SDK refuses a custom endpoint together with FIPS or dual-stack endpoints at the first call. */
function findConflicts(sources: SettingSources): readonly string[] {
  const endpoint = calledServices.map((service) => sources.findEndpoint(service)).find((found) => found !== undefined)
  if (endpoint === undefined) return []
  return [fips, dualStack].flatMap((names) => {
    const found = sources.find(names)
    if (found?.value !== 'true') return []
    const kind = names === fips ? 'a FIPS' : 'a dual-stack'
    return `${found.setting} is true, but ${endpoint.setting} names an endpoint, which cannot be ${kind} one as well. Leave one of them out.`
  })
}

/** Endpoints of the profile that the SDK would ignore, to call AWS instead. It reads names of services in lower case only. */
function findSectionProblems({
  profile: { services: section },
  profileName,
  servicesSection,
  ignoresEndpoints,
}: SettingSources): readonly string[] {
  if (!section || ignoresEndpoints) return []
  if (servicesSection === undefined) {
    return [
      `The profile ${quote(profileName)} names the services section ${quote(section)}, which the shared config file does not have. Add "[services ${section}]", or take "services" out of the profile.`,
    ]
  }
  const known = services.map((service) => `${service.replaceAll(' ', '_').toLowerCase()}.endpoint_url`)
  return Object.keys(servicesSection)
    .filter((key) => !known.includes(key) && known.includes(key.toLowerCase()))
    .map(
      (key) =>
        `The services section ${quote(section)} has ${quote(key.split('.')[0] ?? '')}, which must be written in lower case.`,
    )
}

function describeUrlProblem(value: string): string | undefined {
  // The text before an @ may be a password, and the text after a ? may be a token.
  const shown = quote(value.replace(/^(.*\/\/)?.*@/s, '$1***@').replace(/([?#]).*$/s, '$1***'))
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return `must be a URL that begins with http:// or https://, such as http://localhost:4566, but is ${shown}.`
  }
  if (url.username !== '' || url.password !== '') {
    return `must have no user name and no password, which would not be sent, but is ${shown}.`
  }
  if (url.search !== '' || url.hash !== '') return `must have no ? and no #, which would not be sent, but is ${shown}.`
  return undefined
}
