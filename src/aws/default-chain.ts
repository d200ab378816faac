/** The AWS SDK's own search for credentials: environment, profiles, web identity, containers and instances. */
import { readFile } from 'node:fs/promises'
import { loadSharedConfigFiles } from '@smithy/core/config'
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import { type Run, unlessAborted } from '../run/run.ts'
import { type ClientOptions, createStsClient, type Job } from './connections.ts'
import { describeDefaultChain, explainDefaultChain } from './default-chain-errors.ts'
import type { SharedConfig } from './sdk-settings.ts'

/** @throws {RemedyError} if the search ends without credentials, or the run ends first */
export async function searchDefaultChain(
  clientOptions: ClientOptions,
  { environment, mask }: Job,
  run: Run,
): Promise<AwsCredentialIdentity> {
  const sharedConfig = await loadSharedConfigFiles()
  await maskSecrets(environment, sharedConfig, mask)
  const lines: string[] = []
  // The chain skips a provider that fails, and reports the reason to this logger only.
  const logger = {
    debug: (line: unknown) => void lines.push(String(line)),
    info: () => undefined,
    warn: (line: unknown) => run.log.info(String(line)),
    error: (line: unknown) => run.log.info(String(line)),
  }
  const { config } = createStsClient(clientOptions, { logger })
  const search = () => config.credentials()
  return await unlessAborted(run, search, describeDefaultChain(environment)).catch((error: unknown) => {
    throw error instanceof RemedyError ? error : explainDefaultChain(environment, sharedConfig, lines, error)
  })
}

/** Masks what the SDK sends to get credentials: a response could echo it. */
async function maskSecrets(
  environment: Job['environment'],
  { configFile, credentialsFile }: SharedConfig,
  mask: Job['mask'],
): Promise<void> {
  mask(environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '', 'AWS_CONTAINER_AUTHORIZATION_TOKEN')
  // Every profile, because one profile may refer to another.
  const profiles = [...Object.entries(configFile), ...Object.entries(credentialsFile)]
  for (const [name, { aws_secret_access_key, aws_session_token }] of profiles) {
    mask(aws_secret_access_key ?? '', `aws_secret_access_key of the profile ${name}`)
    mask(aws_session_token ?? '', `aws_session_token of the profile ${name}`)
  }
  const tokenFiles = [
    ...['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'].map(
      (name) => [`file of ${name}`, environment[name]] as const,
    ),
    ...profiles.map(
      ([name, profile]) => [`web_identity_token_file of the profile ${name}`, profile.web_identity_token_file] as const,
    ),
  ]
  for (const [origin, path] of tokenFiles) {
    // The search itself reports a file that cannot be read.
    if (path) mask((await readFile(path, 'utf8').catch(() => '')).trim(), origin)
  }
}
