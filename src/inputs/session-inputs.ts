/** The inputs that say whose credentials the run works with, and what its sessions are called and may do. */

import { sessionPolicy } from '../aws/iam.ts'
import type { CredentialSource, Role, SessionRequest } from '../aws/session-request.ts'
import { builtInTables } from '../definition/built-in.ts'
import type { Command } from '../plan/plan.ts'
import { tableArn } from '../table/target.ts'
import { quote } from '../text/readable.ts'
import { explainLines, type InputReader } from './input-reader.ts'
import { readSessionTags } from './tag-inputs.ts'

/** Where the tables are. What is wrong, and so unknown, is absent; its problem is named already. */
interface Place {
  readonly region: string | undefined
  readonly partition: string | undefined
  readonly tableNamePrefix: string | undefined
}

/** What the session is for. */
interface Purpose {
  readonly command: Command
  readonly sampleItems: boolean
}

type Variables = Readonly<Record<string, string | undefined>>

export function readSessionInputs(
  read: InputReader,
  purpose: Purpose,
  place: Place,
  variables: Variables,
): Omit<SessionRequest, 'allowedAccountIds'> {
  const roles = readRoles(read)
  const credentialSource = chooseCredentialSource(read, variables, roles)
  if (credentialSource.kind === 'access-key') requireCleanKey(read, variables)
  const externalId = readExternalId(read, roles, credentialSource)
  const sourceIdentity = readSourceIdentity(read, variables)
  const sessionTags = readSessionTags(read)
  requireAssumeRole(read, roles, credentialSource)
  const sessionPolicy = restrictSession(read, purpose, roles, place)
  const roleDurationSeconds = read.wholeNumber('role-duration-seconds', 3600, 900, 43_200)
  const roleSessionName = readSessionName(read, variables)
  const audience = readAudience(read, place.partition)

  if (read.lines('role-to-assume').length > 1 && roleDurationSeconds > 3600) {
    read.problem(
      'role-duration-seconds',
      `role-duration-seconds is ${roleDurationSeconds}, but a role that is assumed with another role's session lasts 3600 seconds at most. Give 900 to 3600, or a single role.`,
    )
  }
  for (const role of roles) {
    if (place.partition !== undefined && role.partition !== place.partition) {
      read.problem(
        'role-to-assume',
        `role-to-assume has ${quote(role.arn)} of the partition ${role.partition}, but the region ${place.region} is in ${place.partition}. Give a role and a region of one partition.`,
      )
    }
  }
  return {
    roles,
    credentialSource,
    ...(externalId === '' ? {} : { externalId }),
    ...(sourceIdentity === '' ? {} : { sourceIdentity }),
    sessionTags,
    ...(sessionPolicy === undefined ? {} : { sessionPolicy }),
    roleDurationSeconds,
    roleSessionName,
    audience,
  }
}

function readRoles(read: InputReader): readonly Role[] {
  return read.lines('role-to-assume').flatMap((arn) => {
    const [, partition, account] =
      /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[!-.0-9;-~]+\/)*[\w+=,.@-]{1,64}$/.exec(arn) ?? []
    if (partition !== undefined && account !== undefined) return [{ arn, partition, account }]
    read.problem(
      'role-to-assume',
      `role-to-assume must hold the ARN of a role on each line, such as arn:aws:iam::222222222222:role/tenant-tables-provisioner, but has ${quote(arn)}.${explainLines('role-to-assume', [arn])}`,
    )
    return []
  })
}

/** A secret that was pasted with its line break could not be sent, and would be named nowhere. */
function requireCleanKey(read: InputReader, variables: Variables): void {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
    if (!/[^!-~]/.test(variables[name] ?? '')) continue
    read.problem(
      'credential-source',
      `${name} in the environment holds a space, a line break or another character that no such value has. Set it again, without what came along when it was copied.`,
    )
  }
}

function chooseCredentialSource(read: InputReader, variables: Variables, roles: readonly Role[]): CredentialSource {
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
function readSourceIdentity(read: InputReader, variables: Variables): string {
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
  for (const name of ['role-source-identity', 'role-session-tags'] as const) {
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
  { command, sampleItems }: Purpose,
  roles: readonly Role[],
  { region, tableNamePrefix }: Place,
): string | undefined {
  if (read.choice('restrict-session', ['true', 'false'], 'false') === 'false') return undefined
  const last = roles.at(-1)
  if (last === undefined || region === undefined || tableNamePrefix === undefined) {
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
  // Two tables, whatever their prefix, stay far below what STS takes.
  return sessionPolicy(command === 'verify' && !sampleItems ? 'plan' : command, arns)
}

/** What STS allows in a session's name. */
const sessionName = /^[\w+=,.@-]{2,64}$/

function readSessionName(read: InputReader, variables: Variables): string {
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
