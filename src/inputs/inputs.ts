/** Turns the strings of a workflow file into `Inputs`, or into every problem at once. */
import type { SharedConfigFiles } from '@smithy/types'
import { sessionPolicy } from '../aws/iam.ts'
import { readSdkSettings } from '../aws/sdk-settings.ts'
import { builtInDefinition } from '../definition/built-in.ts'
import { type Definition, defineTables, type TableRequest } from '../definition/definition.ts'
import { noticesOf } from '../definition/notices.ts'
import { decideProduction } from '../definition/production.ts'
import type { ReadDefinition } from '../definition/read-definition.ts'
import { InvalidInputsError } from '../errors/errors.ts'
import { disruptionNames } from '../plan/policy.ts'
import type { Variables } from '../run/variables.ts'
import type { TableDefinition } from '../table/table.ts'
import { chooseCredentialSource } from './credential-source.ts'
import { crossChecks, sessionInputs } from './cross-checks.ts'
import { declarations, type InputName, inputNames, type Values } from './declarations.ts'
import type { InputDeclaration } from './parsers.ts'
import { findUnknownInputs } from './unknown-inputs.ts'

export type Inputs = ReturnType<typeof readInputs>

/** The places that the inputs are read from. */
export interface InputSource {
  /** The text of an input; empty if it is not given. */
  readonly input: (name: string) => string
  /** The environment variables of the step. */
  readonly variables: Variables
  /** The partition of a region, such as `aws-cn` for `cn-north-1`. */
  readonly partitionOf: (region: string) => string
  readonly sharedConfig: SharedConfigFiles
  /** The file that `definition-file` names; undefined if the input is empty. */
  readonly definitionFile: ReadDefinition | undefined
}

/**
 * @throws {InvalidInputsError} with every problem: the input's name, or the place in the definition file; what was found,
 * and what is legal
 */
export function readInputs(source: InputSource) {
  const { variables, sharedConfig } = source
  const { values, definition, problems } = readValues(source)
  const { problems: settingProblems, ...sdkSettings } = readSdkSettings(variables, sharedConfig)
  const all = [...findUnknownInputs(variables).problems, ...problems, ...settingProblems]
  if (all.length > 0) throw new InvalidInputsError(all)

  const { command, environment: name, 'aws-region': region, 'role-to-assume': roles } = values
  const decision = decideProduction(name, { listed: values['production-environments'], input: values.production })
  const environment = { name, production: decision.production }
  const sampleItems = values['sample-items'] === 'auto' ? !environment.production : values['sample-items'] === 'true'
  const request: TableRequest = {
    environment,
    tableNamePrefix: values['table-name-prefix'],
    deletionProtection: values['deletion-protection'],
    pointInTimeRecovery: values['point-in-time-recovery'],
    tags: values.tags,
  }
  const definitions = defineTables(definition, request)
  return {
    ...request,
    command,
    definition,
    /** As the file names keys: an alias is not resolved. */
    definitions,
    definitionNotices: noticesOf(definition, environment, definitions),
    // In one order, so that the same permissions give the same plan.
    policy: {
      destroy: command === 'destroy' || values.destroy,
      allow: disruptionNames.filter((each) => values.allow.includes(each)),
    },
    failOnDrift: values['fail-on-drift'],
    sampleItems,
    /** The rule that decided whether the environment is production, in words. */
    productionRule: decision.rule,
    region,
    roles,
    credentialSource: chooseCredentialSource(values['credential-source'], roles, variables),
    sessionTags: values['role-session-tags'],
    roleDurationSeconds: values['role-duration-seconds'],
    roleSessionName: values['role-session-name'] || makeSessionName(variables),
    audience:
      values.audience || (source.partitionOf(region) === 'aws-cn' ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com'),
    allowedAccountIds: values['allowed-account-ids'],
    timeoutSeconds: values['timeout-seconds'],
    sdkSettings,
    waitForIndexes: values['wait-for-indexes'],
    ...omitUndefined({
      expectedPlan: values['expected-plan'],
      expectedPlanDigest: values['expected-plan-digest'],
      definitionFile: values['definition-file'] || undefined,
      externalId: values['role-external-id'] || undefined,
      sourceIdentity: values['role-source-identity'] || undefined,
      sessionPolicy: values['restrict-session'] ? restrictSession(values, sampleItems, definitions) : undefined,
      /** Absent if no comment is wanted; empty if one is wanted and no token is given. */
      gitHubToken: values.comment ? values['github-token'] : undefined,
    }),
  }
}

/** Parses every input, then checks the inputs against each other. The problems are in the order of action.yml. */
function readValues({ input, variables, partitionOf, definitionFile }: InputSource): {
  /** Complete if there are no problems. */
  readonly values: Values
  readonly definition: Definition
  readonly problems: readonly string[]
} {
  const read = definitionFile ?? { definition: builtInDefinition }
  const fileProblems = 'problems' in read ? read.problems : []
  const known = 'definition' in read ? read.definition : undefined
  const definition = known ?? builtInDefinition
  const parsed = inputNames.map((name) => {
    const { default: byDefault, parse }: InputDeclaration<unknown> = declarations[name]
    const problems: string[] = []
    const report = (problem: string) => problems.push(`${name} ${problem}`)
    const value = parse(input(name).trim() || byDefault, { name, variables, definition: known, report })
    return { name, value, problems: name === 'definition-file' ? fileProblems : problems }
  })
  const values = Object.fromEntries(parsed.map(({ name, value }) => [name, value])) as unknown as Values
  const isWrong = (name: InputName) => parsed.some((each) => each.name === name && each.problems.length > 0)
  const checked = crossChecks
    .filter(({ inputs }) => !inputs.some(isWrong))
    .filter(({ inputs }) => values.command !== 'policy' || !inputs.some((name) => sessionInputs.includes(name)))
    .map(({ inputs: [name], findProblems }) => ({
      name,
      problems: findProblems(values, { variables, partitionOf, definition }).map((problem) => `${name} ${problem}`),
    }))
  const found = [...parsed, ...checked]
  const problems = inputNames.flatMap((name) =>
    found.filter((each) => each.name === name).flatMap((each) => each.problems),
  )
  return { values, definition, problems }
}

/** A name that leads from CloudTrail to the run, of the 64 characters that STS allows. */
function makeSessionName({ GITHUB_RUN_ID = '', GITHUB_REPOSITORY = '' }: Variables): string {
  const [run = '', repository = ''] = [GITHUB_RUN_ID, GITHUB_REPOSITORY].map((text) =>
    text.replace(/[^\w+=,.@-]+/g, '-'),
  )
  if (run === '' || repository === '') return 'tenant-tables'
  // The run's id identifies the run, so the repository's name is cut to fit.
  return `${repository.slice(0, Math.max(0, 63 - run.length))}-${run}`.slice(-64)
}

/** The session policy for the last role: the tables and the command of this run, whatever the role allows. */
function restrictSession(
  { command, 'role-to-assume': roles, 'aws-region': region }: Values,
  sampleItems: boolean,
  definitions: readonly TableDefinition[],
): string | undefined {
  const role = roles.at(-1)
  if (role === undefined || command === 'policy') return undefined
  return sessionPolicy(command === 'verify' && !sampleItems ? 'plan' : command, { ...role, region }, definitions)
}

type Defined<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> }

function omitUndefined<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>
}
