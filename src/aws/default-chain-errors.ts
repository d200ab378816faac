/** Explains why the AWS SDK's own search for credentials failed: the configured source, its error, and a remedy. */
import type { SharedConfigFiles } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import { errorMessage, errorName, httpStatus } from '../errors/thrown.ts'
import { isGitHubJob, type Variables } from '../run/variables.ts'
import { quote } from '../text/readable.ts'
import { iamDelay, isAllowMissing } from './denials.ts'
import { unsentRemedy } from './remedies.ts'
import { remedyForSts } from './session-errors.ts'

/** A source of credentials that a variable or a profile names. */
interface ConfiguredSource {
  readonly name: string
  readonly remedy: string
  /** The SDK's name for the provider that reads it. */
  readonly provider: string
}

/**
 * @param lines the log of the SDK: only here does it report why it skipped a provider
 * @param error the error that ended the search
 */
export function explainDefaultChain(
  variables: Variables,
  sharedConfig: SharedConfigFiles,
  lines: readonly string[],
  error: unknown,
): RemedyError {
  const source = findConfiguredSource(variables, sharedConfig)
  if (source === undefined) {
    const isNoneFound = errorMessage(error).includes('Could not load credentials from any providers')
    if (!isNoneFound) {
      return new RemedyError('The AWS SDK could not search for credentials.', unsentRemedy, { cause: error })
    }
    return new RemedyError(
      'No credentials were found: no access key in the environment, and none in the places that the AWS SDK searches.',
      isGitHubJob(variables) ? remedyInJob : remedyOnTerminal,
      { cause: error },
    )
  }
  const reason = withoutCommands(readReason(lines, source.provider), sharedConfig)
  const copy = Object.assign(new Error(errorMessage(error), { cause: reason }), { name: errorName(error) })
  const cause = reason === undefined ? error : copy
  return new RemedyError(`The AWS SDK got no credentials from ${source.name}.`, remedyBy(source, error), { cause })
}

const remedyInJob =
  'Give the job "permissions: { id-token: write }" and name a role-to-assume that trusts it, or run aws-actions/configure-aws-credentials before this step.'

const remedyOnTerminal =
  'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. For a profile with single sign-on, run "aws sso login" first.'

/** Returns a remedy for the error of STS if it answered, else for the source. */
function remedyBy(source: ConfiguredSource, error: unknown): string {
  if (httpStatus(error) === 0) return source.remedy
  // The token may be of another issuer than GitHub.
  if (!isAllowMissing(error)) {
    return remedyForSts(error, "of the token's issuer")
  }
  return `Check that the role exists, and that its trust policy allows the token or the caller that it is assumed with. ${iamDelay}`
}

/** Finds the first configured source, in the order of the SDK's chain. */
function findConfiguredSource(
  variables: Variables,
  { configFile, credentialsFile }: SharedConfigFiles,
): ConfiguredSource | undefined {
  const profile = variables.AWS_PROFILE || 'default'
  const keys = Object.keys({ ...configFile[profile], ...credentialsFile[profile] })
  const [keySource] = profileRemedies.flatMap(([start, advice, hasAlternative]) => {
    const key = keys.find((each) => each.startsWith(start))
    if (key === undefined) return []
    const remedy = hasAlternative && isGitHubJob(variables) ? `${advice} Or use the OIDC token of the job.` : advice
    return [{ name: `${key} of the profile ${quote(profile)}`, remedy, provider: 'fromIni' }]
  })
  const source = keySource ?? variableSources.find(({ name }) => variables[name])
  // Only a profile that a variable names is an error: others may hold just a region.
  if (source !== undefined || !variables.AWS_PROFILE) return source
  const isInFile = configFile[profile] !== undefined || credentialsFile[profile] !== undefined
  return {
    name: `the profile ${quote(profile)}, which ${isInFile ? 'holds none' : 'is in no file'}`,
    remedy:
      'Check AWS_PROFILE, and the profile in the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, else in ~/.aws/config and ~/.aws/credentials.',
    provider: 'fromIni',
  }
}

/**
 * A remedy for each key, or beginning of keys, that makes a profile a source. The first one that the profile has counts.
 * Some sources need a person: a job has its OIDC token as an alternative.
 */
const profileRemedies: readonly (readonly [key: string, remedy: string, hasAlternative?: true])[] = [
  [
    'mfa_serial',
    'The action asks nobody for a code of multi-factor authentication. Use a profile without mfa_serial.',
    true,
  ],
  ['web_identity_token_file', 'Check web_identity_token_file and role_arn of the profile.'],
  ['role_arn', 'Check source_profile or credential_source of the profile, and where the first credentials come from.'],
  ['credential_process', 'Run its command on this machine, as the same user, and correct what it reports.'],
  ['sso_', 'Run "aws sso login" for this profile on this machine.', true],
  ['login_session', 'Run "aws login" for this profile on this machine.', true],
  ['aws_', 'Give the profile both aws_access_key_id and aws_secret_access_key, or neither.'],
]

const variableSources: readonly ConfiguredSource[] = [
  {
    name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    remedy:
      'Check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN: the SDK needs both, and must be able to read the file.',
    provider: 'fromTokenFile',
  },
  ...['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].map((name) => ({
    name,
    remedy: `Check ${name}, and what answers there.`,
    provider: 'remoteProvider',
  })),
]

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
  { configFile, credentialsFile }: SharedConfigFiles,
): string | undefined {
  const profiles = [...Object.values(configFile), ...Object.values(credentialsFile)]
  return profiles.reduce(
    (text, { credential_process: command }) => (command ? text?.replaceAll(command, 'credential_process') : text),
    reason,
  )
}
