/** Why the AWS SDK's own search for credentials ended without them: what it was to use, in which way it failed, what to do. Pure. */

import { RemedyError } from '../errors/errors.ts'
import { errorMessage, errorName, httpStatus } from '../errors/thrown.ts'
import { quote } from '../text/readable.ts'
import { readDenial } from './denials.ts'
import type { SharedConfig } from './sdk-settings.ts'
import { arrival, remedyFor } from './session-errors.ts'

type Values = Readonly<Record<string, string | undefined>>

/** What the environment or a profile tells the SDK to get credentials from. */
interface ConfiguredSource {
  readonly name: string
  readonly remedy: string
  /** The SDK's name for the part of its chain that reads it. */
  readonly provider: string
}

/** What a run that waits for the chain is waiting for. */
export function describeDefaultChain({ AWS_PROFILE: profile }: Values): string {
  return `the AWS SDK to find credentials${profile ? ` by the profile ${quote(profile)}` : ''}`
}

/**
 * @param lines that the SDK logged: of a provider that it passed over, the reason is nowhere else
 * @param error what the chain threw in the end
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
      'No credentials were found: no access key in the environment, no OIDC token, and nothing where the AWS SDK looks.',
      'Give the job "permissions: { id-token: write }" and name a role-to-assume that trusts it, or run aws-actions/configure-aws-credentials before this step.',
      { cause: error },
    )
  }
  const reason = withoutCommands(readReason(lines, source.provider), sharedConfig)
  const cause = reason === undefined ? error : withCause(error, reason)
  return new RemedyError(`The AWS SDK got no credentials from ${source.name}.`, remedyBy(source, error), { cause })
}

/** Where STS answered, its answer says more than the kind of source. */
function remedyBy(source: ConfiguredSource, error: unknown): string {
  if (httpStatus(error) === 0) return source.remedy
  // The issuer of a token that is not GitHub's is not known here.
  if (errorName(error) !== 'AccessDenied' || readDenial(error) !== undefined) {
    return remedyFor(error, "of the token's issuer")
  }
  return `Check that the role exists, and that its trust policy allows the token or the caller that it is assumed with. ${arrival}`
}

/** In the order of the SDK's chain. */
function findConfiguredSource(variables: Values, sharedConfig: SharedConfig): ConfiguredSource | undefined {
  return (
    findInProfile(variables, sharedConfig) ?? findInVariables(variables) ?? findEmptyProfile(variables, sharedConfig)
  )
}

function findInProfile(
  { AWS_PROFILE: given }: Values,
  { configFile, credentialsFile }: SharedConfig,
): ConfiguredSource | undefined {
  const name = given || 'default'
  const provider = 'fromIni'
  const profile = quote(name)
  // The other order than for settings, as in the SDK.
  const found = { ...configFile[name], ...credentialsFile[name] } as Values
  if (found.role_arn && found.mfa_serial) {
    return {
      name: `the profile ${profile}, whose role asks for a code of multi-factor authentication`,
      remedy: 'A job can give no such code. Use a profile without mfa_serial, or the OIDC token of the job.',
      provider,
    }
  }
  if (found.role_arn && found.web_identity_token_file) {
    return {
      name: `the web identity token that the profile ${profile} names`,
      remedy: 'Check web_identity_token_file and role_arn of the profile.',
      provider,
    }
  }
  if (found.role_arn) {
    return {
      name: `the role that the profile ${profile} assumes`,
      remedy: 'Check source_profile or credential_source of the profile, and where the first credentials come from.',
      provider,
    }
  }
  if (found.credential_process) {
    return {
      name: `the credential_process of the profile ${profile}`,
      remedy: 'Run its command on this machine, as the user of the runner, and correct what it reports.',
      provider,
    }
  }
  if (Object.keys(found).some((key) => key.startsWith('sso_'))) {
    return {
      name: `the SSO session of the profile ${profile}`,
      remedy: `Run "aws sso login" for this profile on this machine, or use the OIDC token of the job.`,
      provider,
    }
  }
  if (found.login_session) {
    return {
      name: `the login session of the profile ${profile}`,
      remedy: `Run "aws login" for this profile on this machine, or use the OIDC token of the job.`,
      provider,
    }
  }
  if (Boolean(found.aws_access_key_id) !== Boolean(found.aws_secret_access_key)) {
    return {
      name: `the profile ${profile}, which has only one of aws_access_key_id and aws_secret_access_key`,
      remedy: 'Give the profile both, or neither.',
      provider,
    }
  }
  return undefined
}

/** A profile that names no source may be there for its other settings, such as a region. */
function findEmptyProfile(
  { AWS_PROFILE: name }: Values,
  { configFile, credentialsFile }: SharedConfig,
): ConfiguredSource | undefined {
  if (!name) return undefined
  const profile = quote(name)
  const isThere = configFile[name] !== undefined || credentialsFile[name] !== undefined
  return {
    name: isThere ? `the profile ${profile}, which holds none` : `the profile ${profile}, which is in no file`,
    remedy:
      'Check AWS_PROFILE, and the profile in the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, else in ~/.aws/config and ~/.aws/credentials.',
    provider: 'fromIni',
  }
}

function findInVariables(variables: Values): ConfiguredSource | undefined {
  if (variables.AWS_WEB_IDENTITY_TOKEN_FILE) {
    return {
      name: 'the web identity token in the file that AWS_WEB_IDENTITY_TOKEN_FILE names',
      remedy:
        'Check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN: the SDK needs both, and must be able to read the file.',
      provider: 'fromTokenFile',
    }
  }
  const container = ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']
  const variable = container.find((name) => variables[name])
  if (variable === undefined) return undefined
  return {
    name: `the container's endpoint that ${variable} names`,
    remedy: `Check ${variable}, and what answers there.`,
    provider: 'remoteProvider',
  }
}

/** The last reason that the SDK logged while it was at this provider. */
function readReason(lines: readonly string[], provider: string): string | undefined {
  let current: string | undefined
  let reason: string | undefined
  for (const line of lines) {
    current = /defaultProvider::(\w+)/.exec(line)?.[1] ?? current
    const passedOver = /^@smithy\/property-provider -> (.+)/s.exec(line)?.[1]
    // Settings that are given nowhere are logged in the same words.
    if (current === provider && passedOver !== undefined && !passedOver.startsWith('Not found in ')) reason = passedOver
  }
  return reason?.trim()
}

/** The SDK quotes the command of a credential_process that failed, which may hold a password. */
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

/** The same error, as the result of what the SDK said before. */
function withCause(error: unknown, reason: string): Error {
  const same = new Error(errorMessage(error), { cause: reason })
  same.name = errorName(error)
  return same
}
