/** The strings of a workflow file -> Inputs, or every problem at once. Pure: what it reads is passed in. */
import { type CommandInputs, readCommandInputs } from './command-inputs.ts'
import { builtInTables, ownTags, type Setting } from './definitions.ts'
import { InvalidInputsError } from './errors.ts'
import { InputReader } from './input-reader.ts'
import { longestSessionPolicy, sessionPolicy } from './permissions.ts'
import { quote } from './plain-text.ts'
import type { Command } from './report.ts'
import { type Environment, mostTags, type Tags, tableArn } from './table.ts'

export interface Role {
  readonly arn: string
  readonly partition: string
  readonly account: string
}

/** Where the first credentials come from, and why, in words for the log. */
export interface CredentialSource {
  readonly kind: 'access-key' | 'oidc' | 'default-chain'
  readonly reason: string
}

export interface Inputs extends CommandInputs {
  readonly environment: Environment
  readonly region: string
  /** Assumed in this order; the last one works on the tables. Empty: the first credentials do. */
  readonly roles: readonly Role[]
  readonly credentialSource: CredentialSource
  readonly externalId?: string
  /** Given to the first role that is assumed with credentials; the sessions after it inherit it. */
  readonly sourceIdentity?: string
  /** Given to the last role. */
  readonly sessionTags: Tags
  /** What the last session may do at most, as JSON; absent where its role alone decides. */
  readonly sessionPolicy?: string
  readonly roleDurationSeconds: number
  readonly roleSessionName: string
  readonly audience: string
  /** Empty: any account. */
  readonly allowedAccountIds: readonly string[]
  readonly tableNamePrefix: string
  readonly deletionProtection: Setting
  readonly pointInTimeRecovery: Setting
  readonly tags: Tags
  readonly timeoutSeconds: number
}

/** What the inputs are read from. */
export interface InputSource {
  /** The input as the workflow gives it, trimmed; empty where it is not given. */
  readonly input: (name: string) => string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The partition of a region, such as `aws-cn` for `cn-north-1`. */
  readonly partitionOf: (region: string) => string
}

/** @throws {InvalidInputsError} with every problem, each saying what was found and what may be. */
export function readInputs(source: InputSource): Inputs {
  const problems: string[] = []
  const { environment: variables } = source
  const read = new InputReader(source.input, problems)

  const environment = readEnvironment(read)
  const tableNamePrefix = readTableNamePrefix(read)
  const commandInputs = readCommandInputs(read, environment, tableNamePrefix)
  const region = readRegion(read, variables)
  const roles = readRoles(read)
  const credentialSource = chooseCredentialSource(read, variables, roles)
  const externalId = readExternalId(read, roles, credentialSource)
  const sourceIdentity = readSourceIdentity(read, variables)
  const sessionTags = readTagLines(read, 'role-session-tags')
  requireAssumeRole(read, roles, credentialSource)
  const sessionPolicy = restrictSession(read, commandInputs.command, roles, region, tableNamePrefix)
  const roleDurationSeconds = read.wholeNumber('role-duration-seconds', 3600, 900, 43_200)
  const roleSessionName = readSessionName(read, variables)
  const partition = region === undefined ? undefined : source.partitionOf(region)
  const audience = readAudience(read, partition)
  const allowedAccountIds = readAllowedAccountIds(read, roles)
  const deletionProtection = read.choice('deletion-protection', ['auto', 'true', 'false'], 'auto')
  const pointInTimeRecovery = read.choice('point-in-time-recovery', ['auto', 'true', 'false'], 'auto')
  const tags = readTags(read, environment)
  const timeoutSeconds = read.wholeNumber('timeout-seconds', 1800, 1, 21_600)

  if (read.lines('role-to-assume').length > 1 && roleDurationSeconds > 3600) {
    problems.push(
      `role-duration-seconds is ${roleDurationSeconds}, but a role that is assumed with another role's session lasts 3600 seconds at most. Give 900 to 3600, or a single role.`,
    )
  }
  for (const role of roles) {
    if (partition !== undefined && role.partition !== partition) {
      problems.push(
        `role-to-assume has ${quote(role.arn)} of the partition ${role.partition}, but the region ${region} is in ${partition}. Give a role and a region of one partition.`,
      )
    }
  }
  if (problems.length > 0 || region === undefined) throw new InvalidInputsError(problems)
  return {
    ...commandInputs,
    environment,
    region,
    roles,
    credentialSource,
    ...(externalId === '' ? {} : { externalId }),
    ...(sourceIdentity === '' ? {} : { sourceIdentity }),
    sessionTags,
    ...(sessionPolicy === undefined ? {} : { sessionPolicy }),
    roleDurationSeconds,
    roleSessionName,
    audience,
    allowedAccountIds,
    tableNamePrefix,
    deletionProtection,
    pointInTimeRecovery,
    tags,
    timeoutSeconds,
  }
}

/** These are production in every workflow, whatever `production-environments` says. */
const alwaysProduction = ['prod', 'production']

/** What AWS allows in a tag's value, and in its key. */
const tagCharacters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** AWS counts characters, not the units that JavaScript counts. */
function isTagText(text: string, most: number): boolean {
  return [...text].length <= most && tagCharacters.test(text)
}

function readEnvironment(read: InputReader): Environment {
  const name = read.text('environment')
  if (name === '') {
    read.problem(
      'environment',
      'environment is required, but is empty. Give the name of the environment, such as dev or production.',
    )
  } else if (!isTagText(name, 256)) {
    read.problem(
      'environment',
      `environment is written into a tag, so it may have 256 letters, digits, spaces and _ . : / = + - @ at most, but is ${quote(name)}.`,
    )
  }
  const added = read.list('production-environments')
  for (const each of added) {
    // Another separator than a comma would make one name of several, and leave production unprotected.
    if (!isTagText(each, 256)) {
      read.problem(
        'production-environments',
        `production-environments must hold names of environments between commas or on lines, but has ${quote(each)}.`,
      )
    }
  }
  const production = [...alwaysProduction, ...added]
  return { name, production: production.some((each) => each.toLowerCase() === name.toLowerCase()) }
}

function readRegion(read: InputReader, variables: Readonly<Record<string, string | undefined>>): string | undefined {
  const candidates = [
    ['aws-region', read.text('aws-region')],
    ['AWS_REGION', variables.AWS_REGION?.trim() ?? ''],
    ['AWS_DEFAULT_REGION', variables.AWS_DEFAULT_REGION?.trim() ?? ''],
  ] as const
  const given = candidates.find(([, value]) => value !== '')
  if (given === undefined) {
    read.problem(
      'aws-region',
      'aws-region is missing, and neither AWS_REGION nor AWS_DEFAULT_REGION is set. Give the region of the tables, such as ap-south-1.',
    )
    return undefined
  }
  const [name, region] = given
  // The region becomes part of a host name, so nothing else may slip in.
  if (/^[a-z]{2,8}(-[a-z]{2,20}){1,3}-\d{1,2}$/.test(region)) return region
  read.problem('aws-region', `${name} must be the name of an AWS region, such as ap-south-1, but is ${quote(region)}.`)
  return undefined
}

function readRoles(read: InputReader): readonly Role[] {
  return read.lines('role-to-assume').flatMap((arn) => {
    const [, partition, account] =
      /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[!-.0-9;-~]+\/)*[\w+=,.@-]{1,64}$/.exec(arn) ?? []
    if (partition !== undefined && account !== undefined) return [{ arn, partition, account }]
    read.problem(
      'role-to-assume',
      `role-to-assume must hold the ARN of a role on each line, such as arn:aws:iam::222222222222:role/tenant-tables-provisioner, but has ${quote(arn)}.`,
    )
    return []
  })
}

function chooseCredentialSource(
  read: InputReader,
  variables: Readonly<Record<string, string | undefined>>,
  roles: readonly Role[],
): CredentialSource {
  const hasKeyId = Boolean(variables.AWS_ACCESS_KEY_ID)
  const hasSecret = Boolean(variables.AWS_SECRET_ACCESS_KEY)
  const mayAskForToken = Boolean(variables.ACTIONS_ID_TOKEN_REQUEST_URL && variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN)
  const halfKey =
    hasKeyId === hasSecret
      ? ''
      : `the environment has ${hasKeyId ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY'} without ${hasKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID'}`
  switch (read.choice('credential-source', ['auto', 'oidc', 'environment'], 'auto')) {
    case 'oidc':
      if (read.lines('role-to-assume').length === 0) {
        read.problem(
          'credential-source',
          'credential-source is oidc, but role-to-assume is empty. Give the role that trusts the job, or leave credential-source out.',
        )
      }
      if (!mayAskForToken) {
        read.problem(
          'credential-source',
          'credential-source is oidc, but the job may not ask for a token. Give the job "permissions: { id-token: write }".',
        )
      }
      return { kind: 'oidc', reason: 'credential-source is oidc' }
    case 'environment':
      if (halfKey !== '') {
        read.problem('credential-source', `credential-source is environment, but ${halfKey}. Set both, or neither.`)
      }
      return hasKeyId && hasSecret
        ? { kind: 'access-key', reason: 'credential-source is environment, which has an access key' }
        : {
            kind: 'default-chain',
            reason: 'credential-source is environment, which has no access key, so the AWS SDK looks for credentials',
          }
    case 'auto': {
      if (hasKeyId && hasSecret) return { kind: 'access-key', reason: 'the environment has an access key' }
      const noKey = halfKey === '' ? 'the environment has no access key' : halfKey
      if (mayAskForToken && roles.length > 0) {
        return { kind: 'oidc', reason: `${noKey}, the job may ask for an OIDC token, and there is a role to assume` }
      }
      const noToken = mayAskForToken
        ? 'there is no role to assume with an OIDC token'
        : 'the job may not ask for an OIDC token (it lacks "permissions: { id-token: write }")'
      return { kind: 'default-chain', reason: `${noKey}, and ${noToken}, so the AWS SDK looks for credentials` }
    }
  }
}

function readExternalId(read: InputReader, roles: readonly Role[], source: CredentialSource): string {
  const externalId = read.text('role-external-id')
  if (externalId === '') return externalId
  if (!/^[\w+=,.@:/-]{2,1224}$/.test(externalId)) {
    read.problem(
      'role-external-id',
      'role-external-id must have 2 to 1224 letters, digits and _ + = , . @ : / - and nothing else.',
    )
  }
  // From a role or a source that is wrong itself nothing follows for the id.
  if (read.isWrong('role-to-assume') || read.isWrong('credential-source')) return externalId
  if (roles.length === 0) {
    read.problem(
      'role-external-id',
      'role-external-id is given, but there is no role-to-assume to use it with. Give a role, or leave it out.',
    )
  } else if (roles.length === 1 && source.kind === 'oidc') {
    read.problem(
      'role-external-id',
      'role-external-id is given, but the last role is assumed with an OIDC token, which takes no external id. Leave it out, or name the role that needs it after a first one.',
    )
  }
  return externalId
}

/** `true`: who ran this, for CloudTrail and for trust policies; any other value is taken as it is. */
function readSourceIdentity(read: InputReader, variables: Readonly<Record<string, string | undefined>>): string {
  const given = read.text('role-source-identity')
  if (given === '' || given === 'false') return ''
  if (given === 'true') {
    const { GITHUB_REPOSITORY_ID: repository, GITHUB_RUN_ID: run } = variables
    if (/^\d+$/.test(repository ?? '') && /^\d+$/.test(run ?? '')) return `${repository}.${run}`
    read.problem(
      'role-source-identity',
      'role-source-identity is true, but GITHUB_REPOSITORY_ID or GITHUB_RUN_ID is not set. Give the source identity itself.',
    )
  } else if (!sessionName.test(given)) {
    read.problem(
      'role-source-identity',
      `role-source-identity must be true, false, or 2 to 64 letters, digits and _ + = , . @ -, but is ${quote(given)}.`,
    )
  }
  return given
}

/** AssumeRoleWithWebIdentity takes neither: they would be lost without a word. */
function requireAssumeRole(read: InputReader, roles: readonly Role[], source: CredentialSource): void {
  if (read.isWrong('role-to-assume') || read.isWrong('credential-source')) return
  const isTokenAlone = roles.length === 1 && source.kind === 'oidc'
  if (roles.length > 0 && !isTokenAlone) return
  for (const name of ['role-source-identity', 'role-session-tags']) {
    if (read.text(name) === '' || read.text(name) === 'false') continue
    read.problem(
      name,
      roles.length === 0
        ? `${name} is given, but there is no role-to-assume to give it to. Give a role, or leave it out.`
        : `${name} is given, but the only role is assumed with an OIDC token, which takes none. Name a second role, or leave it out.`,
    )
  }
}

function restrictSession(
  read: InputReader,
  command: Command,
  roles: readonly Role[],
  region: string | undefined,
  tableNamePrefix: string,
): string | undefined {
  if (read.choice('restrict-session', ['true', 'false'], 'false') === 'false') return undefined
  const last = roles.at(-1)
  if (last === undefined || region === undefined) {
    if (last === undefined && !read.isWrong('role-to-assume')) {
      read.problem(
        'restrict-session',
        'restrict-session is true, but there is no role-to-assume whose session it could restrict.',
      )
    }
    return undefined
  }
  const place = { account: last.account, partition: last.partition, region }
  const arns = builtInTables.map(({ logicalName }) => tableArn(place, `${tableNamePrefix}${logicalName}`))
  const policy = sessionPolicy(command, arns)
  if (policy.length > longestSessionPolicy) {
    read.problem(
      'restrict-session',
      `restrict-session makes a session policy of ${policy.length} characters, but STS takes ${longestSessionPolicy}. Choose a shorter table-name-prefix, or leave restrict-session out.`,
    )
  }
  return policy
}

/** What STS allows in a session's name. */
const sessionName = /^[\w+=,.@-]{2,64}$/

function readSessionName(read: InputReader, variables: Readonly<Record<string, string | undefined>>): string {
  const given = read.text('role-session-name')
  if (given !== '') {
    if (!sessionName.test(given)) {
      read.problem(
        'role-session-name',
        `role-session-name must have 2 to 64 letters, digits and _ + = , . @ - and nothing else, but is ${quote(given)}.`,
      )
    }
    return given
  }
  const clean = (text: string) => text.replace(/[^\w+=,.@-]+/g, '-')
  const run = clean(variables.GITHUB_RUN_ID ?? '')
  const repository = clean(variables.GITHUB_REPOSITORY ?? '')
  if (run === '' || repository === '') return 'tenant-tables'
  // The run's id finds the run, so the repository's name is what gives way.
  return `${repository.slice(0, Math.max(0, 63 - run.length))}-${run}`.slice(-64)
}

function readAudience(read: InputReader, partition: string | undefined): string {
  const given = read.text('audience')
  if (given === '') return partition === 'aws-cn' ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com'
  if (!/^[!-~]{1,255}$/.test(given)) {
    read.problem(
      'audience',
      `audience must have 1 to 255 printable ASCII characters and no spaces, but is ${quote(given)}.`,
    )
  }
  return given
}

function readAllowedAccountIds(read: InputReader, roles: readonly Role[]): readonly string[] {
  const accounts = read.list('allowed-account-ids')
  for (const account of accounts) {
    if (!/^\d{12}$/.test(account)) {
      read.problem(
        'allowed-account-ids',
        `allowed-account-ids must hold account ids of 12 digits, but has ${quote(account)}.`,
      )
    }
  }
  if (accounts.length === 0 && read.text('allowed-account-ids') !== '') {
    // As from two variables that are not set: no account must not come to mean any account.
    read.problem(
      'allowed-account-ids',
      `allowed-account-ids is ${quote(read.text('allowed-account-ids'))}, which holds no account id. Give account ids of 12 digits, or leave it out.`,
    )
  }
  const last = roles.at(-1)
  if (
    last !== undefined &&
    !read.isWrong('role-to-assume') &&
    accounts.length > 0 &&
    !accounts.includes(last.account)
  ) {
    read.problem(
      'allowed-account-ids',
      `role-to-assume ends with a role of account ${last.account}, which is not among allowed-account-ids: ${accounts.map(quote).join(', ')}.`,
    )
  }
  return accounts
}

function readTableNamePrefix(read: InputReader): string {
  const prefix = read.text('table-name-prefix')
  for (const { logicalName } of builtInTables) {
    const name = `${prefix}${logicalName}`
    if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) {
      read.problem(
        'table-name-prefix',
        `table-name-prefix makes the table name ${quote(name)}, but a name must have 3 to 255 letters, digits and _ . - and nothing else.`,
      )
    }
  }
  return prefix
}

function readTags(read: InputReader, environment: Environment): Tags {
  const tags = readTagLines(read, 'tags')
  const own = ownTags(environment).size
  if (tags.size + own > mostTags) {
    read.problem(
      'tags',
      `tags has ${tags.size} tags, but a table carries ${mostTags} at most, and ${own} are the action's own. Give ${mostTags - own} or fewer.`,
    )
  }
  return tags
}

/** One `key=value` a line. */
function readTagLines(read: InputReader, name: 'tags' | 'role-session-tags'): Tags {
  const tags = new Map<string, string>()
  for (const line of read.lines(name)) {
    const separator = line.indexOf('=')
    const key = line.slice(0, separator).trim()
    const value = line.slice(separator + 1).trim()
    if (separator < 1 || key === '') {
      read.problem(name, `${name} must have key=value on each line, but has ${quote(line)}.`)
    } else if (/^(aws|tenant-tables):/i.test(key)) {
      read.problem(
        name,
        `${name} has the key ${quote(key)}, but keys that begin with aws: or tenant-tables: are reserved.`,
      )
    } else if (tags.has(key)) {
      read.problem(name, `${name} has the key ${quote(key)} twice. Give each key once.`)
    } else if (!isTagText(key, 128)) {
      read.problem(
        name,
        `${name} has the key ${quote(key)}, but a key may have 128 letters, digits, spaces and _ . : / = + - @ at most.`,
      )
    } else if (!isTagText(value, 256)) {
      read.problem(
        name,
        `${name} gives ${quote(key)} the value ${quote(value)}, but a value may have 256 letters, digits, spaces and _ . : / = + - @ at most.`,
      )
    } else {
      tags.set(key, value)
    }
  }
  return tags
}
