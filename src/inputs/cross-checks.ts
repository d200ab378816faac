/** The rules between inputs, and between an input and the environment variables. */
import { type Definition, defineTables, nameTables } from '../definition/definition.ts'
import { decideProduction } from '../definition/production.ts'
import type { Command } from '../plan/plan.ts'
import { isGitHubJob, type Variables } from '../run/variables.ts'
import { deletionProtection } from '../table/properties/deletion-protection.ts'
import { pointInTimeRecovery } from '../table/properties/point-in-time-recovery.ts'
import { mostTags, type TagMap } from '../table/properties/tags.ts'
import { count, quote } from '../text/readable.ts'
import { chooseCredentialSource, describeMissingKey, mayRequestToken } from './credential-source.ts'
import type { InputName, Values } from './declarations.ts'
import { explainJoinedLines, explainLiteralForm } from './parsers.ts'

interface CheckContext {
  readonly variables: Variables
  readonly partitionOf: (region: string) => string
  readonly definition: Definition
}

interface CrossCheck {
  /** The inputs that the check reads. It is skipped if one of them is wrong by itself. */
  readonly inputs: readonly [InputName, ...InputName[]]
  /** Finds problems with the first of the inputs. */
  readonly findProblems: (values: Values, context: CheckContext) => readonly string[]
}

/** @param find returns one problem, several, or false */
function check<Name extends InputName>(
  inputs: readonly [Name, ...Name[]],
  find: (values: Pick<Values, Name>, context: CheckContext) => readonly string[] | string | false,
): CrossCheck {
  return { inputs, findProblems: (values, context) => [find(values, context) || []].flat() }
}

/** @param commands with which the input may be true, the one to suggest first */
function onlyWith(
  commands: readonly [Command, ...Command[]],
  name: 'fail-on-drift' | 'sample-items' | 'destroy',
  purpose = '',
): CrossCheck {
  return check(
    [name, 'command'],
    ({ [name]: value, command }) =>
      String(value) === 'true' &&
      !commands.includes(command) &&
      `is true, but command is ${command}. Use it only with command: ${commands[0]}${purpose}.`,
  )
}

/** The inputs that turn on a property, which a definition file declares instead. */
const protectionInputs = [
  ['deletion-protection', deletionProtection.name],
  ['point-in-time-recovery', pointInTimeRecovery.name],
] as const

export const crossChecks: readonly CrossCheck[] = [
  check(
    ['environment', 'command'],
    ({ environment, command }) =>
      environment === '' &&
      command !== 'policy' &&
      'is required, but is empty. Give the name of the environment, such as dev or production.',
  ),
  check(
    ['aws-region', 'command'],
    ({ 'aws-region': region, command }) =>
      region === '' &&
      command !== 'policy' &&
      'is missing, and neither AWS_REGION nor AWS_DEFAULT_REGION is set. Give the region of the tables, such as ap-south-1.',
  ),
  check(['production-environments', 'environment'], ({ 'production-environments': listed, environment }) =>
    listed
      .filter((each) => containsWords(each, environment))
      .map(
        (each) =>
          `has ${quote(each)}, which contains ${quote(environment)} as a word, so it may be one name or several. Put a comma between names, or use lines. ${explainLiteralForm('production-environments')}`,
      ),
  ),
  check(
    ['production', 'environment', 'production-environments'],
    ({ production: input, environment, 'production-environments': listed }) =>
      input === 'false' &&
      decideProduction(environment, { listed, input }).production &&
      `is false, but ${quote(environment)} is production: prod, production and the names in production-environments always are. Leave production out, or choose another environment.`,
  ),
  check(['role-to-assume', 'aws-region'], ({ 'role-to-assume': roles, 'aws-region': region }, { partitionOf }) =>
    roles
      .filter(({ partition }) => region !== '' && partition !== partitionOf(region))
      .map(
        ({ arn, partition }) =>
          `has ${quote(arn)} of the partition ${partition}, but the region ${region} is in the partition ${partitionOf(region)}. Give a role and a region of the same partition.`,
      ),
  ),
  check(
    ['credential-source', 'role-to-assume'],
    ({ 'credential-source': source, 'role-to-assume': roles }) =>
      source === 'oidc' &&
      roles.length === 0 &&
      'is oidc, but role-to-assume is empty. Give the role that trusts the job, or leave credential-source out.',
  ),
  check(
    ['credential-source'],
    ({ 'credential-source': source }, { variables }) =>
      source === 'oidc' &&
      !mayRequestToken(variables) &&
      (isGitHubJob(variables)
        ? 'is oidc, but the job may not request an OIDC token. Give the job "permissions: { id-token: write }".'
        : 'is oidc, but only a job on GitHub has an OIDC token. Leave credential-source out, and set AWS_PROFILE or an access key.'),
  ),
  check(
    ['credential-source'],
    ({ 'credential-source': source }, { variables }) =>
      source === 'environment' &&
      Boolean(variables.AWS_ACCESS_KEY_ID) !== Boolean(variables.AWS_SECRET_ACCESS_KEY) &&
      `is environment, but ${describeMissingKey(variables)}. Set both, or neither.`,
  ),
  // A value that was copied with its line break cannot be sent, and the SDK's error would not name it.
  check(['credential-source'], ({ 'credential-source': source }, { variables }) =>
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
      .filter((name) => source !== 'oidc' && describeMissingKey(variables) === undefined && !isClean(variables[name]))
      .map(
        (name) =>
          `takes ${name} from the environment, but its value has a space, a line break or another character that such a value never has. Set it again, without the characters that were copied with it.`,
      ),
  ),
  // STS's AssumeRoleWithWebIdentity takes none of the three: they would be lost in silence.
  ...(['role-external-id', 'role-source-identity', 'role-session-tags'] as const).map((name) =>
    check(
      [name, 'role-to-assume', 'credential-source'],
      ({ [name]: given, 'role-to-assume': roles, 'credential-source': source }, { variables }) => {
        if (given === '' || (typeof given === 'object' && given.size === 0)) return false
        if (roles.length === 0) {
          return 'is given, but there is no role-to-assume to use it with. Give a role, or leave it out.'
        }
        return (
          roles.length === 1 &&
          chooseCredentialSource(source, roles, variables).kind === 'oidc' &&
          'is given, but STS does not take it for a role that is assumed with an OIDC token, and there is no other role. Leave it out, or add a second role, which the first one assumes.'
        )
      },
    ),
  ),
  check(
    ['restrict-session', 'role-to-assume'],
    ({ 'restrict-session': isRestricted, 'role-to-assume': roles }) =>
      isRestricted &&
      roles.length === 0 &&
      'is true, but there is no role-to-assume whose session it could restrict. Give a role, or leave it out.',
  ),
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
  check(
    ['role-duration-seconds', 'role-to-assume'],
    ({ 'role-duration-seconds': seconds, 'role-to-assume': roles }) =>
      roles.length > 1 &&
      seconds > 3600 &&
      `is ${seconds}, but the session of a role that another role assumes lasts at most 3600 seconds. Give 900 to 3600, or a single role.`,
  ),
  check(['allowed-account-ids', 'role-to-assume'], ({ 'allowed-account-ids': accounts, 'role-to-assume': roles }) => {
    const { account } = roles.at(-1) ?? {}
    return (
      account !== undefined &&
      accounts.length > 0 &&
      !accounts.includes(account) &&
      `has ${accounts.map(quote).join(', ')}, but role-to-assume ends with a role of account ${account}. Give a role of an allowed account, or add the account.`
    )
  }),
  ...(['expected-plan', 'expected-plan-digest'] as const).map((name) =>
    check(
      [name, 'command'],
      ({ [name]: given, command }) =>
        given !== undefined &&
        (command === 'verify' || command === 'policy') &&
        `is given, but command is ${command}, which performs no plan. Leave it out.`,
    ),
  ),
  onlyWith(['plan'], 'fail-on-drift'),
  check(
    ['fail-on-drift', 'destroy'],
    ({ 'fail-on-drift': failOnDrift, destroy }) =>
      failOnDrift && destroy && 'is true, but so is destroy: tables to delete are not drift. Give only one of them.',
  ),
  onlyWith(['verify'], 'sample-items'),
  onlyWith(['plan', 'destroy'], 'destroy', ', to show what command: destroy would delete'),
  check(
    ['comment', 'command'],
    ({ comment, command }) =>
      comment && command === 'policy' && 'is true, but command is policy, which calls nothing. Leave it out.',
  ),
  // Typed names keep a wrong environment or prefix from deleting other tables.
  check(
    [
      'confirm-destroy',
      'command',
      'table-name-prefix',
      'environment',
      'production',
      'production-environments',
      'definition-file',
    ],
    (values, { definition }) => {
      const { 'confirm-destroy': confirmed, command, environment, production: input } = values
      const { 'table-name-prefix': tableNamePrefix, 'production-environments': listed } = values
      // In production the run refuses to delete anything, whatever is confirmed.
      if (decideProduction(environment, { listed, input }).production) return false
      const names = nameTables(definition, { environment, tableNamePrefix })
      const isConfirmed = [...names, ...confirmed].every((name) => names.includes(name) && confirmed.includes(name))
      const found = confirmed.length === 0 ? 'is empty' : `has ${confirmed.map(quote).join(', ')}`
      return (
        command === 'destroy' &&
        !isConfirmed &&
        `must list the full names of the tables to delete, one a line, because command is destroy: ${names.map(quote).join(', ')}; but it ${found}.${explainJoinedLines('confirm-destroy', confirmed)}`
      )
    },
  ),
  ...protectionInputs.map(([name, property]) =>
    check(
      [name, 'definition-file'],
      ({ [name]: setting, 'definition-file': file }) =>
        file !== '' &&
        setting !== 'auto' &&
        `is ${setting}, but with a definition-file the definition decides. Leave the input out, and set ${property} in ${quote(file)}.`,
    ),
  ),
  check(['tags', 'environment', 'definition-file'], ({ tags, environment }, { definition }) =>
    countTags(definition, environment, tags)
      .filter(({ number }) => number > mostTags)
      .map(
        ({ logicalName, number }) =>
          `has ${count(tags.size, 'tag')}, which make ${number} with those that the definition and the action give the table ${quote(logicalName)}. A table has at most ${mostTags}.`,
      ),
  ),
]

function countTags(definition: Definition, name: string, tags: TagMap) {
  const request = { environment: { name, production: false }, tableNamePrefix: '', tags } as const
  const tables = defineTables(definition, { ...request, deletionProtection: 'auto', pointInTimeRecovery: 'auto' })
  return tables.map(({ logicalName, properties: { Tags } }) => ({ logicalName, number: Tags.length }))
}

/** The inputs without effect on a run that opens no session. */
export const sessionInputs: readonly InputName[] = ['credential-source', 'restrict-session']

/** Checks whether a text is more than a name, and contains it between spaces or other characters that may separate names. */
function containsWords(text: string, name: string): boolean {
  const spaced = (words: string) => ` ${words.toLowerCase().replace(/[\s/:+]+/g, ' ')} `
  return spaced(text) !== spaced(name) && spaced(text).includes(spaced(name))
}

/** AWS's keys and tokens have printable ASCII characters only. */
function isClean(value = ''): boolean {
  return /^[!-~]*$/.test(value)
}
