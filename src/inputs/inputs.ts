/** The strings of a workflow file -> Inputs, or every problem at once. Pure: what it reads is passed in. */

import {
  customEndpoints,
  findIgnoredSettings,
  findSettingProblems,
  type SdkSettings,
  type SharedConfig,
} from '../aws/sdk-settings.ts'
import type { Role, SessionRequest } from '../aws/session-request.ts'
import { builtInTables, type Setting } from '../definition/built-in.ts'
import { decideProduction } from '../definition/production.ts'
import { InvalidInputsError } from '../errors/errors.ts'
import { type TagMap } from '../table/properties/tags.ts'
import { type Environment, isSameEnvironment, isTableName } from '../table/target.ts'
import { quote } from '../text/readable.ts'
import { type CommandInputs, readCommandInputs } from './command-inputs.ts'
import { explainLines, InputReader, inputNames } from './input-reader.ts'
import { readSessionInputs } from './session-inputs.ts'
import { isTagText, readTags } from './tag-inputs.ts'
import { findUnknownInputs } from './unknown-inputs.ts'

export interface Inputs extends CommandInputs, SessionRequest {
  readonly environment: Environment
  /** Which rule decided whether the environment is production, in words. */
  readonly productionRule: string
  readonly region: string
  readonly tableNamePrefix: string
  readonly deletionProtection: Setting
  readonly pointInTimeRecovery: Setting
  readonly tags: TagMap
  readonly timeoutSeconds: number
  /** Absent where AWS is called at its own addresses, and everything that is set is read. */
  readonly sdkSettings?: SdkSettings
}

/** What the inputs are read from. */
export interface InputSource {
  /** The input as the workflow gives it, trimmed; empty where it is not given. */
  readonly input: (name: string) => string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The partition of a region, such as `aws-cn` for `cn-north-1`. */
  readonly partitionOf: (region: string) => string
  /** Absent: there are no such files. */
  readonly sharedConfig?: SharedConfig
}

/** @throws {InvalidInputsError} with every problem, each saying what was found and what may be. */
export function readInputs(source: InputSource): Inputs {
  const { environment: variables } = source
  const problems = [...findUnknownInputs(variables, inputNames).problems]
  const read = new InputReader(source.input, problems)

  const { environment, productionRule } = readEnvironment(read)
  const tableNamePrefix = readTableNamePrefix(read)
  const commandInputs = readCommandInputs(read, environment, tableNamePrefix)
  const region = readRegion(read, variables)
  const partition = region === undefined ? undefined : source.partitionOf(region)
  const place = {
    region,
    partition,
    tableNamePrefix: read.isWrong('table-name-prefix') ? undefined : tableNamePrefix,
  }
  const sessionInputs = readSessionInputs(read, commandInputs, place, variables)
  const allowedAccountIds = readAllowedAccountIds(read, sessionInputs.roles)
  const deletionProtection = read.choice('deletion-protection', ['auto', 'true', 'false'], 'auto')
  const pointInTimeRecovery = read.choice('point-in-time-recovery', ['auto', 'true', 'false'], 'auto')
  const tags = readTags(read, environment)
  const timeoutSeconds = read.wholeNumber('timeout-seconds', 1800, 1, 21_600)
  for (const { name, message } of findSettingProblems(variables, source.sharedConfig)) read.problem(name, message)
  const endpoints = customEndpoints(variables, source.sharedConfig)
  const warnings = findIgnoredSettings(variables, source.sharedConfig)

  if (problems.length > 0 || region === undefined) throw new InvalidInputsError(problems)
  return {
    ...commandInputs,
    ...sessionInputs,
    environment,
    productionRule,
    region,
    allowedAccountIds,
    tableNamePrefix,
    deletionProtection,
    pointInTimeRecovery,
    tags,
    timeoutSeconds,
    ...(endpoints.length + warnings.length === 0 ? {} : { sdkSettings: { endpoints, warnings } }),
  }
}

function readEnvironment(read: InputReader): Pick<Inputs, 'environment' | 'productionRule'> {
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
  const listed = readProductionEnvironments(read, name)
  const input = read.choice('production', ['auto', 'true', 'false'], 'auto')
  const { production, rule } = decideProduction(name, { listed, input })
  if (production && input === 'false') {
    read.problem(
      'production',
      `production is false, but ${quote(name)} is production: prod, production and the names in production-environments always are. Leave production out, or choose another environment.`,
    )
  }
  return { environment: { name, production }, productionRule: rule }
}

function readProductionEnvironments(read: InputReader, name: string): readonly string[] {
  const listed = read.list('production-environments')
  for (const each of listed) {
    // Another separator than a comma would make one name of several, and leave production unprotected.
    if (!isTagText(each, 256)) {
      read.problem(
        'production-environments',
        `production-environments must hold names of environments between commas or on lines, but has ${quote(each)}.`,
      )
    } else if (!isSameEnvironment(each, name) && holdsWords(each, name)) {
      read.problem(
        'production-environments',
        `production-environments has ${quote(each)}, which holds ${quote(name)} as a word: is it one name or several? Put commas between names, or write "production-environments: |" and each name on a line of its own; without "|" YAML joins the lines into one.`,
      )
    }
  }
  return listed
}

/** Whether a name stands in a text as a whole, between spaces or other characters that may separate names. */
function holdsWords(text: string, name: string): boolean {
  const words = (of: string) =>
    ` ${of
      .toLowerCase()
      .split(/[\s/:+]+/)
      .join(' ')} `
  return words(text) !== words(name) && words(text).includes(words(name))
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

function readAllowedAccountIds(read: InputReader, roles: readonly Role[]): readonly string[] {
  const accounts = read.list('allowed-account-ids')
  for (const account of accounts) {
    if (!/^\d{12}$/.test(account)) {
      read.problem(
        'allowed-account-ids',
        `allowed-account-ids must hold account ids of 12 digits, but has ${quote(account)}.${explainLines('allowed-account-ids', [account])}`,
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
    if (!isTableName(name)) {
      read.problem(
        'table-name-prefix',
        `table-name-prefix makes the table name ${quote(name)}, but a name must have 3 to 255 letters, digits and _ . - and nothing else.`,
      )
    }
  }
  return prefix
}
