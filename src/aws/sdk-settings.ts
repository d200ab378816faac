/**
 * Checks the settings that the AWS SDK reads by itself. The SDK ignores most values that it cannot read, and works without
 * them: with `AWS_USE_FIPS_ENDPOINT=True` it calls endpoints that are not FIPS endpoints.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
import type { SharedConfigFiles } from '@smithy/types'
import type { Variables } from '../run/variables.ts'
import { quote } from '../text/readable.ts'

/** A service that is called at another address than AWS's own. */
export interface CustomEndpoint {
  readonly service: string
  readonly url: string
  /** The variable or the key of a profile that holds it, in words. */
  readonly setting: string
}

export interface SdkSettings {
  /** The endpoints of STS and DynamoDB, if they are not AWS's own. That of KMS only if it has a setting of its own. */
  readonly endpoints: readonly CustomEndpoint[]
  /** Warnings about settings that other AWS tools read, and this SDK does not. */
  readonly warnings: readonly string[]
}

/** A value, and the variable or the key of a profile that holds it, in words. */
interface ConfiguredValue {
  readonly value: string
  readonly setting: string
}

/**
 * The services by name. The id in a variable is the name in upper case with underscores, such as SSO_OIDC. Every run
 * calls the first two, and a run whose definition names the alias of a key calls KMS. The SDK may call the others to get
 * credentials.
 */
const services = ['STS', 'DynamoDB', 'KMS', 'SSO', 'SSO OIDC', 'Signin']

/**
 * Reads the settings of a run.
 *
 * @returns the settings, and a problem for each that the SDK would misread or ignore
 */
export function readSdkSettings(
  variables: Variables,
  sharedConfig: SharedConfigFiles,
): SdkSettings & { readonly problems: readonly string[] } {
  const sources = findSources(variables, sharedConfig)
  const { find, findEndpoint, ignoresEndpoints } = sources
  const booleans = [
    find('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint'),
    find('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint'),
    ignoresEndpoints,
  ]
  const urls = [
    ...services.map(findEndpoint),
    find('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'ec2_metadata_service_endpoint'),
  ]
  const problems = [
    ...booleans.flatMap(findBooleanProblems),
    ...urls.flatMap(findUrlProblems),
    ...findSectionProblems(sources),
  ]
  return {
    // Services may share an endpoint, whose problem is reported once.
    problems: [...new Set(problems)],
    endpoints: findCustomEndpoints(sources),
    warnings: findIgnoredSettings(variables, sources),
  }
}

function findCustomEndpoints({ findEndpoint }: Sources): readonly CustomEndpoint[] {
  const endpoints = services.slice(0, 3).flatMap((service) => {
    const found = findEndpoint(service)
    return found === undefined ? [] : [{ service, url: found.value.replace(/\/$/, ''), setting: found.setting }]
  })
  const isShared = (setting: string) => endpoints.some((each) => each.service !== 'KMS' && each.setting === setting)
  return endpoints.filter(({ service, setting }) => service !== 'KMS' || !isShared(setting))
}

type Sources = ReturnType<typeof findSources>

/** Reads settings as the SDK does: a variable, else the key of the profile. An empty value counts as not given. */
function findSources(variables: Variables, { configFile, credentialsFile }: SharedConfigFiles) {
  const profileName = variables.AWS_PROFILE || 'default'
  const profile: Variables = { ...credentialsFile[profileName], ...configFile[profileName] }
  /** The section that the profile names for the endpoints of single services; undefined if the file has none. */
  const section = configFile[`services.${profile.services}`]
  const settingOf = (value: string | undefined, setting: string) => (value ? { value, setting } : undefined)
  const findVariable = (name: string) => settingOf(variables[name], name)
  const findKey = (key: string) => settingOf(profile[key], `${key} of the profile ${quote(profileName)}`)
  const find = (variable: string, key: string): ConfiguredValue | undefined => findVariable(variable) ?? findKey(key)
  const ignoresEndpoints = find('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls')
  const findEndpoint = (service: string): ConfiguredValue | undefined => {
    if (ignoresEndpoints?.value === 'true') return undefined
    const id = service.replaceAll(' ', '_').toUpperCase()
    const key = id.toLowerCase()
    return (
      findVariable(`AWS_ENDPOINT_URL_${id}`) ??
      findVariable('AWS_ENDPOINT_URL') ??
      settingOf(
        section?.[`${key}.endpoint_url`],
        `endpoint_url of ${key} in the services section ${quote(profile.services ?? '')}`,
      ) ??
      findKey('endpoint_url')
    )
  }
  return { profileName, profile, section, find, ignoresEndpoints, findEndpoint }
}

function findIgnoredSettings(variables: Variables, { find }: Sources): readonly string[] {
  const bundle = find('AWS_CA_BUNDLE', 'ca_bundle')
  if (bundle === undefined || variables.NODE_EXTRA_CA_CERTS) return []
  return [
    `${bundle.setting} is set, but this action does not read it. To trust the certificates in ${quote(bundle.value)}, set NODE_EXTRA_CA_CERTS to that path in the env of the step or of the job.`,
  ]
}

function findBooleanProblems(found: ConfiguredValue | undefined): readonly string[] {
  if (found === undefined || found.value === 'true' || found.value === 'false') return []
  return [`${found.setting} must be true or false, but is ${quote(found.value)}.`]
}

function findUrlProblems(found: ConfiguredValue | undefined): readonly string[] {
  if (found === undefined) return []
  const problem = describeUrlProblem(found.value)
  return problem === undefined ? [] : [`${found.setting} ${problem}`]
}

/** Endpoints of the profile that the SDK would ignore, to call AWS instead. It reads names of services in lower case only. */
function findSectionProblems({ profile, profileName, section, ignoresEndpoints }: Sources): readonly string[] {
  const { services: name } = profile
  if (!name || ignoresEndpoints?.value === 'true') return []
  if (section === undefined) {
    return [
      `The profile ${quote(profileName)} names the services section ${quote(name)}, which the shared config file does not have. Add "[services ${name}]", or take "services" out of the profile.`,
    ]
  }
  const known = services.map((service) => `${service.replaceAll(' ', '_').toLowerCase()}.endpoint_url`)
  return Object.keys(section)
    .filter((key) => !known.includes(key) && known.includes(key.toLowerCase()))
    .map(
      (key) =>
        `The services section ${quote(name)} has ${quote(key.split('.')[0] ?? '')}, which must be written in lower case.`,
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
