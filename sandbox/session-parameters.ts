/** What a caller may give a session besides its name: tags, a source identity, a session policy. */
import { AwsError } from './errors.ts'

export interface SessionParameters {
  readonly tags: ReadonlyMap<string, string>
  readonly sourceIdentity?: string
  /** JSON. Kept, not evaluated: the sandbox allows whatever the trust of a role lets through. */
  readonly policy?: string
}

const mostTags = 50
const longestPolicy = 2048

/**
 * Reads what AssumeRole was given. A source identity stays with a caller for the rest of its chain.
 *
 * @throws {AwsError} where something is not well-formed
 */
export function readSessionParameters(input: URLSearchParams, inherited?: SessionParameters): SessionParameters {
  const sourceIdentity = input.get('SourceIdentity') ?? inherited?.sourceIdentity
  if (sourceIdentity !== undefined && !/^[\w+=,.@-]{2,64}$/.test(sourceIdentity)) {
    throw invalid(`Value '${sourceIdentity}' at 'sourceIdentity' failed to satisfy constraint`)
  }
  const policy = readPolicy(input)
  return {
    tags: readTags(input),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(policy === undefined ? {} : { policy }),
  }
}

/** AssumeRoleWithWebIdentity takes a policy, but neither tags nor a source identity: those come in the token. */
export function readWebIdentityParameters(input: URLSearchParams): SessionParameters {
  const policy = readPolicy(input)
  return { tags: new Map(), ...(policy === undefined ? {} : { policy }) }
}

function readTags(input: URLSearchParams): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  const seen = new Set<string>()
  for (let place = 1; input.has(`Tags.member.${place}.Key`); place += 1) {
    const key = input.get(`Tags.member.${place}.Key`) ?? ''
    const value = input.get(`Tags.member.${place}.Value`) ?? ''
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      throw invalid(`Value at 'tags.${place}.member' failed to satisfy constraint`)
    }
    // Session tag keys are compared without case.
    if (seen.has(key.toLowerCase())) {
      throw new AwsError(
        'InvalidParameterValue',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      )
    }
    seen.add(key.toLowerCase())
    tags.set(key, value)
  }
  if (tags.size > mostTags) {
    throw invalid("Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
  }
  return tags
}

function readPolicy(input: URLSearchParams): string | undefined {
  const policy = input.get('Policy')
  if (policy === null) return undefined
  if (policy.length > longestPolicy) {
    throw invalid("Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048")
  }
  try {
    JSON.parse(policy)
  } catch {
    throw new AwsError('MalformedPolicyDocument', 'This policy contains invalid Json')
  }
  return policy
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', `1 validation error detected: ${message}`)
}
