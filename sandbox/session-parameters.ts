/** Parameters of a session: tags, source identity and session policy. */
import { AwsError } from './errors.ts'

export interface SessionParameters {
  readonly tags: ReadonlyMap<string, string>
  readonly sourceIdentity?: string
  /** JSON. The sandbox does not evaluate it: a role session may call every operation. */
  readonly policy?: string
}

const maximumTags = 50
const maximumPolicyLength = 2048

/**
 * Reads the parameters of AssumeRole. The source identity of a caller's session is inherited by the new session.
 *
 * @throws {AwsError} for an invalid value
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

/** Reads the parameters of AssumeRoleWithWebIdentity, which takes a policy, but neither tags nor a source identity. */
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
    // Session tag keys are case-insensitive.
    if (seen.has(key.toLowerCase())) {
      throw new AwsError(
        'InvalidParameterValue',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      )
    }
    seen.add(key.toLowerCase())
    tags.set(key, value)
  }
  if (tags.size > maximumTags) {
    throw invalid("Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
  }
  return tags
}

function readPolicy(input: URLSearchParams): string | undefined {
  const policy = input.get('Policy')
  if (policy === null) return undefined
  if (policy.length > maximumPolicyLength) {
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
