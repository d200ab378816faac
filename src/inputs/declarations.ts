/** The declarations of the inputs: name, default and parser of each. */
import type { Role } from '../aws/session-request.ts'
import { environmentNames, nameTables } from '../definition/definition.ts'
import { emptyOutput, isFallback } from '../plan/document.ts'
import { disruptionNames } from '../plan/policy.ts'
import type { ExpectedPlan } from '../plan/review.ts'
import { longestRunSeconds } from '../run/run.ts'
import { isTagText, mostDeclaredTags, mostTags, tagCharacters } from '../table/properties/tags.ts'
import { namePattern, nameRule } from '../table/target.ts'
import { quote } from '../text/readable.ts'
import {
  choice,
  type InputDeclaration,
  lines,
  list,
  type ParserContext,
  splitLines,
  textOf,
  trueOrFalse,
  wholeNumber,
} from './parsers.ts'
import { tagLines } from './tag-lines.ts'

/** The limits of STS for a session's name and a source identity. */
const sessionName = /^[\w+=,.@-]{2,64}$/

/** Every input in the order of action.yml. The rules between inputs are in cross-checks.ts. */
export const declarations = {
  command: choice(['apply', 'plan', 'verify', 'destroy', 'policy'], 'apply'),
  environment: { default: '', parse: parseEnvironment },
  'production-environments': list({
    // A separator other than a comma or a line would join several names, and leave production unprotected.
    must: 'must have names of environments between commas or on separate lines',
    parse: (name) => (isTagText(name, 256) ? name : undefined),
  }),
  production: choice(['auto', 'true', 'false'], 'auto'),
  'aws-region': { default: '', parse: parseRegion },
  'role-to-assume': lines({
    must: 'must have the ARN of a role on each line, such as arn:aws:iam::222222222222:role/tenant-tables-provisioner',
    parse: parseRole,
  }),
  'credential-source': choice(['auto', 'oidc', 'environment'], 'auto'),
  'role-external-id': textOf(
    /^[\w+=,.@:/-]{2,1224}$/,
    'must have 2 to 1224 letters, digits and _ + = , . @ : / - and nothing else',
    { isSecret: true },
  ),
  'role-source-identity': { default: 'false', parse: parseSourceIdentity },
  'role-session-tags': tagLines({ most: mostTags, reason: `STS takes at most ${mostTags}`, foldsCase: true }),
  'restrict-session': trueOrFalse(),
  'role-duration-seconds': wholeNumber({ default: 3600, min: 900, max: 43_200 }),
  'role-session-name': textOf(sessionName, 'must have 2 to 64 letters, digits and _ + = , . @ - and nothing else'),
  audience: textOf(/^[!-~]{1,255}$/, 'must have 1 to 255 printable ASCII characters and no spaces'),
  'allowed-account-ids': { default: '', hasLines: true, parse: parseAccounts },
  'definition-file': { default: '', parse: (path: string) => path },
  'table-name-prefix': { default: '', parse: parseTableNamePrefix },
  'deletion-protection': choice(['auto', 'true', 'false'], 'auto'),
  'point-in-time-recovery': choice(['auto', 'true', 'false'], 'auto'),
  tags: tagLines({
    most: mostDeclaredTags,
    reason: `a table has at most ${mostTags}, and the action adds ${mostTags - mostDeclaredTags}. Give ${mostDeclaredTags} or fewer`,
  }),
  'timeout-seconds': wholeNumber({ default: 1800, min: 1, max: longestRunSeconds }),
  'wait-for-indexes': trueOrFalse('true'),
  allow: {
    ...lines<string>({
      must: `must have one of ${disruptionNames.join(', ')} on each line`,
      parse: (line) => disruptionNames.find((disruption) => disruption === line),
    }),
    choices: disruptionNames,
  },
  'expected-plan': { default: '', parse: parseExpectedPlan },
  'expected-plan-digest': { default: '', parse: parseExpectedPlanDigest },
  'fail-on-drift': trueOrFalse(),
  comment: trueOrFalse(),
  // An empty token is legal: the comment is optional, and must not keep the tables from being changed.
  'github-token': { default: '', parse: (text: string) => text },
  'sample-items': choice(['auto', 'true', 'false'], 'auto'),
  destroy: trueOrFalse(),
  'confirm-destroy': { default: '', hasLines: true, parse: splitLines },
} satisfies Readonly<Record<string, InputDeclaration<unknown>>>

export type InputName = keyof typeof declarations

export const inputNames = Object.keys(declarations) as readonly InputName[]

/** The parsed inputs, by name. */
export type Values = { readonly [Name in InputName]: ReturnType<(typeof declarations)[Name]['parse']> }

function parseEnvironment(name: string, { report }: ParserContext): string {
  if (!isTagText(name, 256)) {
    report(`is written into a tag, so it may have at most 256 ${tagCharacters}, but is ${quote(name)}.`)
  }
  return name
}

/** An empty input takes the region of the environment variables. Empty if these have none either. */
function parseRegion(text: string, { variables, report }: ParserContext): string {
  const { AWS_REGION = '', AWS_DEFAULT_REGION = '' } = variables
  const candidates = { '': text, AWS_REGION: AWS_REGION.trim(), AWS_DEFAULT_REGION: AWS_DEFAULT_REGION.trim() }
  const [variable, region] = Object.entries(candidates).find(([, value]) => value !== '') ?? []
  if (region === undefined) return ''
  // The region becomes part of a host name: no other text may get into it.
  if (!/^[a-z]{2,8}(-[a-z]{2,20}){1,3}-\d{1,2}$/.test(region)) {
    const origin = variable === '' ? '' : `is empty, so it is taken from ${variable}, which `
    report(`${origin}must be the name of an AWS region, such as ap-south-1, but is ${quote(region)}.`)
  }
  return region
}

function parseRole(arn: string): Role | undefined {
  const [, partition, account] =
    /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[!-.0-9;-~]+\/)*[\w+=,.@-]{1,64}$/.exec(arn) ?? []
  return partition === undefined || account === undefined ? undefined : { arn, partition, account }
}

/** `true` stands for the repository's id and the run's id, `false` for no source identity (an empty text). */
function parseSourceIdentity(text: string, { variables, report }: ParserContext): string {
  if (text === 'false') return ''
  if (text === 'true') {
    const { GITHUB_REPOSITORY_ID: repository = '', GITHUB_RUN_ID: run = '' } = variables
    if (!/^\d+ \d+$/.test(`${repository} ${run}`)) {
      report('is true, but GITHUB_REPOSITORY_ID or GITHUB_RUN_ID is not set. Give the source identity itself.')
    }
    return `${repository}.${run}`
  }
  if (!sessionName.test(text)) {
    report(`must be true, false, or 2 to 64 letters, digits and _ + = , . @ -, but is ${quote(text)}.`)
  }
  return text
}

function parseAccounts(text: string, context: ParserContext): readonly string[] {
  const must = 'must have account ids of 12 digits'
  const accounts = list({ must, parse: (id) => (/^\d{12}$/.test(id) ? id : undefined) }).parse(text, context)
  // A comma alone, as from two empty variables, has no account: it must not mean every account.
  if (/^[\s,]+$/.test(text)) context.report(`${must}, but is ${quote(text)}. Give an account id, or leave it out.`)
  return accounts
}

/** Checks the names of the tables in every environment of the definition. */
function parseTableNamePrefix(tableNamePrefix: string, { definition, report }: ParserContext): string {
  if (definition === undefined) return tableNamePrefix
  const names = environmentNames(definition).flatMap((environment) =>
    nameTables(definition, { environment, tableNamePrefix }),
  )
  for (const name of new Set(names)) {
    if (!namePattern.test(name)) report(`makes the table name ${quote(name)}, but a name must have ${nameRule}.`)
  }
  return tableNamePrefix
}

function parseExpectedPlan(text: string, { report }: ParserContext): ExpectedPlan | undefined {
  if (text === '') return undefined
  if (text === 'no-plan') report(`is no-plan: ${emptyOutput}.`)
  if (text.startsWith('{')) return { json: text }
  if (/\p{Cc}/u.test(text)) {
    report(`must be the JSON of the output plan, or the path of a file that has it, but is ${quote(text)}.`)
  }
  return { path: text }
}

/** @returns the digest in lower case */
function parseExpectedPlanDigest(text: string, { report }: ParserContext): string | undefined {
  if (text === '') return undefined
  if (isFallback(text)) report(`is ${text}: ${emptyOutput}.`)
  else if (!/^[0-9a-f]{64}$/i.test(text)) {
    report(`must be the 64 hexadecimal digits of the output plan-digest, but is ${quote(text)}.`)
  }
  return text.toLowerCase()
}
