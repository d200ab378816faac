/** The AWS SDK's own search for credentials: environment, profiles, web identity, containers and instances. */
import { readFile } from 'node:fs/promises'
import { loadSharedConfigFiles } from '@smithy/core/config'
import type { AwsCredentialIdentity, SharedConfigFiles } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import { type Run, unlessAborted } from '../run/run.ts'
import { quote } from '../text/readable.ts'
import { type ClientOptions, createStsClient, type Job } from './connections.ts'
import { explainDefaultChain } from './default-chain-errors.ts'

/** @throws {RemedyError} if the search ends without credentials, or the run ends first */
export async function searchDefaultChain(
  clientOptions: ClientOptions,
  { variables, mask }: Job,
  run: Run,
): Promise<AwsCredentialIdentity> {
  const sharedConfig = await loadSharedConfigFiles()
  await maskSecrets(variables, sharedConfig, mask)
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
  const { AWS_PROFILE: profile } = variables
  const waitingFor = `the AWS SDK to find credentials${profile ? ` by the profile ${quote(profile)}` : ''}`
  return await unlessAborted(run, search, waitingFor).catch((error: unknown) => {
    throw error instanceof RemedyError ? error : explainDefaultChain(variables, sharedConfig, lines, error)
  })
}

/** Masks what the SDK sends to get credentials: a response could echo it. */
async function maskSecrets(
  variables: Job['variables'],
  { configFile, credentialsFile }: SharedConfigFiles,
  mask: Job['mask'],
): Promise<void> {
  const maskFile = async (path: string | undefined, origin: string) => {
    // The search itself reports a file that cannot be read.
    if (path) mask((await readFile(path, 'utf8').catch(() => '')).trim(), origin)
  }
  mask(variables.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '', 'AWS_CONTAINER_AUTHORIZATION_TOKEN')
  for (const name of ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']) {
    await maskFile(variables[name], `file of ${name}`)
  }
  // Every profile, because one profile may refer to another.
  for (const [name, profile] of [...Object.entries(configFile), ...Object.entries(credentialsFile)]) {
    mask(profile.aws_secret_access_key ?? '', `aws_secret_access_key of the profile ${name}`)
    mask(profile.aws_session_token ?? '', `aws_session_token of the profile ${name}`)
    await maskFile(profile.web_identity_token_file, `web_identity_token_file of the profile ${name}`)
  }
}
