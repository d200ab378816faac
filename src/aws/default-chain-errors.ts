/**
 * Explains why the AWS SDK's own search for credentials failed: which source was configured, its error, and a remedy.
 */

import { RemedyError } from '../errors/errors.ts'
import { errorMessage, errorName, httpStatus } from '../errors/thrown.ts'
import { quote } from '../text/readable.ts'
import { iamDelay, readDenial } from './denials.ts'
import type { SharedConfig } from './sdk-settings.ts'
import { remedyForSts } from './session-errors.ts'

type Values = Readonly<Record<string, string | undefined>>

/** A source of credentials that a variable or a profile names. */
interface ConfiguredSource {
  readonly name: string
  readonly remedy: string
  /** The SDK's name for the provider that reads it. */
  readonly provider: string
}

/** Completes the sentence `It was waiting for ...`. */
export function describeDefaultChain({ AWS_PROFILE: profile }: Values): string {
  return `the AWS SDK to find credentials${profile ? ` by the profile ${quote(profile)}` : ''}`
}

/**
 * @param lines the log of the SDK: only here does it report why it skipped a provider
 * @param error the error that ended the search
 */
export function explainDefaultChain(
  variables: Values,
  sharedConfig: SharedConfig,
  lines: readonly string[],
  error: unknown,
): RemedyError {
  const source = findConfiguredSource(variables, sharedConfig)
  if (source === undefined && !errorMessage(error).includes('Could not load credentials from any providers')) {
    return new RemedyError(
      'The AWS SDK could not search for credentials.',
      'Correct the setting that the AWS SDK names below, then run again.',
      { cause: error },
    )
  }
  if (source === undefined) {
    return new RemedyError(
      'No credentials were found: no access key in the environment, no OIDC token, and none in the places that the AWS SDK searches.',
      'Give the job "permissions: { id-token: write }" and name a role-to-assume that trusts it, or run aws-actions/configure-aws-credentials before this step.',
      { cause: error },
    )
  }
  const reason = withoutCommands(readReason(lines, source.provider), sharedConfig)
  const cause = reason === undefined ? error : withCause(error, reason)
  return new RemedyError(`The AWS SDK got no credentials from ${source.name}.`, remedyBy(source, error), { cause })
}

/** Returns a remedy for the error of STS if it answered, else for the source. */
function remedyBy(source: ConfiguredSource, error: unknown): string {
  if (httpStatus(error) === 0) return source.remedy
  // The token may be of another issuer than GitHub.
  if (errorName(error) !== 'AccessDenied' || readDenial(error) !== undefined) {
    return remedyForSts(error, "of the token's issuer")
  }
  return `Check that the role exists, and that its trust policy allows the token or the caller that it is assumed with. ${iamDelay}`
}

/** Finds the first configured source, in the order of the SDK's chain. */
function findConfiguredSource(variables: Values, sharedConfig: SharedConfig): ConfiguredSource | undefined {
  const profile = variables.AWS_PROFILE || 'default'
  // For credentials, the credentials file overrides the config file; for other settings it is the other way round.
  const given = { ...sharedConfig.configFile[profile], ...sharedConfig.credentialsFile[profile] }
  const found = profileSources.find(({ isConfigured }) => isConfigured(given))
  if (found !== undefined) return { ...found, name: found.name(quote(profile)), provider: 'fromIni' }
  const source = variableSources.find(({ variable }) => variables[variable])
  if (source !== undefined) return source
  return variables.AWS_PROFILE ? describeEmptyProfile(variables.AWS_PROFILE, sharedConfig) : undefined
}

interface ProfileSource {
  readonly isConfigured: (profile: Values) => unknown
  readonly name: (profile: string) => string
  readonly remedy: string
}

const profileSources: readonly ProfileSource[] = [
  {
    isConfigured: ({ role_arn, mfa_serial }) => role_arn && mfa_serial,
    name: (profile) => `the profile ${profile}, whose role asks for a code of multi-factor authentication`,
    remedy: 'A job can give no such code. Use a profile without mfa_serial, or the OIDC token of the job.',
  },
  {
    isConfigured: ({ role_arn, web_identity_token_file }) => role_arn && web_identity_token_file,
    name: (profile) => `the web identity token that the profile ${profile} names`,
    remedy: 'Check web_identity_token_file and role_arn of the profile.',
  },
  {
    isConfigured: ({ role_arn }) => role_arn,
    name: (profile) => `the role that the profile ${profile} assumes`,
    remedy: 'Check source_profile or credential_source of the profile, and where the first credentials come from.',
  },
  {
    isConfigured: ({ credential_process }) => credential_process,
    name: (profile) => `the credential_process of the profile ${profile}`,
    remedy: 'Run its command on this machine, as the user of the runner, and correct what it reports.',
  },
  {
    isConfigured: (profile) => Object.keys(profile).some((key) => key.startsWith('sso_')),
    name: (profile) => `the SSO session of the profile ${profile}`,
    remedy: 'Run "aws sso login" for this profile on this machine, or use the OIDC token of the job.',
  },
  {
    isConfigured: ({ login_session }) => login_session,
    name: (profile) => `the login session of the profile ${profile}`,
    remedy: 'Run "aws login" for this profile on this machine, or use the OIDC token of the job.',
  },
  {
    isConfigured: ({ aws_access_key_id: id, aws_secret_access_key: secret }) => Boolean(id) !== Boolean(secret),
    name: (profile) => `the profile ${profile}, which has only one of aws_access_key_id and aws_secret_access_key`,
    remedy: 'Give the profile both, or neither.',
  },
]

const variableSources: readonly (ConfiguredSource & { readonly variable: string })[] = [
  {
    variable: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    name: 'the web identity token in the file that AWS_WEB_IDENTITY_TOKEN_FILE names',
    remedy:
      'Check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN: the SDK needs both, and must be able to read the file.',
    provider: 'fromTokenFile',
  },
  ...['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].map((variable) => ({
    variable,
    name: `the container's endpoint that ${variable} names`,
    remedy: `Check ${variable}, and what answers there.`,
    provider: 'remoteProvider',
  })),
]

/** Describes a profile without a source. Only one that a variable names is an error: others may hold just a region. */
function describeEmptyProfile(name: string, { configFile, credentialsFile }: SharedConfig): ConfiguredSource {
  const exists = configFile[name] !== undefined || credentialsFile[name] !== undefined
  return {
    name: `the profile ${quote(name)}, which ${exists ? 'holds none' : 'is in no file'}`,
    remedy:
      'Check AWS_PROFILE, and the profile in the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, else in ~/.aws/config and ~/.aws/credentials.',
    provider: 'fromIni',
  }
}

/** Finds the last reason in the log for which the SDK skipped this provider. */
function readReason(lines: readonly string[], provider: string): string | undefined {
  let current: string | undefined
  let reason: string | undefined
  for (const line of lines) {
    current = /defaultProvider::(\w+)/.exec(line)?.[1] ?? current
    const skipped = /^@smithy\/property-provider -> (.+)/s.exec(line)?.[1]
    // A setting that is not given is logged in the same form.
    if (current === provider && skipped !== undefined && !skipped.startsWith('Not found in ')) reason = skipped
  }
  return reason?.trim()
}

/** Removes the command of a failed credential_process, which the SDK quotes: it may hold a password. */
function withoutCommands(
  reason: string | undefined,
  { configFile, credentialsFile }: SharedConfig,
): string | undefined {
  const profiles = [...Object.values(configFile), ...Object.values(credentialsFile)]
  return profiles.reduce(
    (text, { credential_process: command }) => (command ? text?.replaceAll(command, 'credential_process') : text),
    reason,
  )
}

/** Copies the error, with the reason as its cause. */
function withCause(error: unknown, reason: string): Error {
  const copy = new Error(errorMessage(error), { cause: reason })
  copy.name = errorName(error)
  return copy
}
