import * as v from 'valibot'
import { listSome, shorten } from '../../text/readable.ts'
import { sortBy } from '../../text/sort.ts'
import type { Property, Risk, Situation } from '../property.ts'
import type { Ask } from '../request.ts'
import { isSameEnvironment, type TableAddress } from '../target.ts'

export interface Tag {
  readonly Key: string
  readonly Value: string
}

/** Tags by key, as the inputs give them. A map, because `__proto__` is a legal key. */
export type TagMap = ReadonlyMap<string, string>

/** Sorted by key. */
export type Tags = readonly Tag[]

export const environmentTag = 'tenant-tables:environment'
export const managedByTag = 'tenant-tables:managed-by'
export const managedByValue = 'tenant-tables'

/** The most tags that DynamoDB accepts on a table. AWS's own tags do not count. */
export const mostTags = 50

/** The tags that the action sets itself: `environmentTag` and `managedByTag`. */
const ownTagCount = 2

/** The characters of `isTagText`, in words. */
export const tagCharacters = 'letters, digits, spaces and _ . : / = + - @'

/**
 * Checks a tag's key or value against the characters that AWS allows, without invisible ones: they would make two
 * different names look alike. AWS counts code points, JavaScript UTF-16 units.
 */
export function isTagText(text: string, most: number): boolean {
  return [...text].length <= most && /^(?:(?!\p{DI})[\p{L}\p{Z}\p{N}_.:/=+\-@])*$/u.test(text)
}

/** AWS reserves keys that begin with `aws:`, in any case; this action those that begin with `tenant-tables:`. */
export function isReservedKey(key: string): boolean {
  return /^(aws|tenant-tables):/i.test(key)
}

/** The most tags of a definition: the action adds its own. */
export const mostDeclaredTags = mostTags - ownTagCount

const declaredTags = v.pipe(
  v.array(
    v.strictObject({
      Key: v.pipe(
        v.string(),
        v.minLength(1),
        v.check((key) => isTagText(key, 128), `at most 128 ${tagCharacters}`),
        v.check(
          (key) => !isReservedKey(key),
          'a key that does not begin with aws: or tenant-tables:, which are reserved',
        ),
      ),
      Value: v.pipe(
        v.string(),
        v.check((value) => isTagText(value, 256), `at most 256 ${tagCharacters}`),
      ),
    }),
  ),
  v.maxLength(mostDeclaredTags),
)

/**
 * The tags of the table. Tags that the definition does not declare stay as they are.
 *
 * Two tags are the action's own: `tenant-tables:managed-by` marks a table that the action created or adopted, and
 * `tenant-tables:environment` names its environment. DynamoDB locks the tags of a table for seconds after a write, so one
 * change writes all tags that differ.
 */
export const tags: Property<'Tags', Tags> = {
  name: 'Tags',
  description:
    'Tags. Undeclared tags are left alone. A table without the tags of this action is adopted only by `allow`.',
  schema: v.pipe(
    v.array(v.strictObject({ Key: v.pipe(v.string(), v.minLength(1)), Value: v.string() })),
    v.check((all) => new Set(all.map(({ Key }) => Key)).size === all.length, 'one value for each key'),
  ),
  declaration: { fields: { Tags: declaredTags }, normalize: ({ Tags }) => sortTags(Tags as Tags) },
  reading: { kind: 'asked', when: 'always', ask: listTags },
  creation: { kind: 'in-create-table', input: (value) => ({ Tags: value.map((tag) => ({ ...tag })) }) },
  changes: (from, to, { table }) => {
    const count = new Set([...from.filter(({ Key }) => !isAwsTag(Key)), ...to].map(({ Key }) => Key)).size
    if (count > mostTags) {
      return [
        {
          kind: 'impossible',
          reason: `The table "${table}" would carry ${count} tags: ${to.length} declared ones beside ${count - to.length} others. DynamoDB allows ${mostTags}.`,
          remedy: 'Declare fewer tags, or remove unneeded tags from the table.',
        },
      ]
    }
    const changed = to.filter((tag) => !hasTag(from, tag))
    if (changed.length === 0) return []
    const keys = changed.map(({ Key }) => Key)
    return [{ kind: 'update', from: from.filter(({ Key }) => keys.includes(Key)), to: changed, risk: riskOf(from, to) }]
  },
  request: ({ arn: ResourceArn }, { to }) => ({
    operation: 'TagResource',
    input: { ResourceArn, Tags: to.map((tag) => ({ ...tag })) },
  }),
  settings: (value) => value.map(({ Key, Value }) => ({ group: 'tag', name: Key, value: Value })),
  unmanaged: (observed, declared = []) =>
    observed
      .filter(({ Key }) => tagValue(declared, Key) === undefined && !isAwsTag(Key))
      .map(({ Key, Value }) => ({ path: `tags.${Key}`, value: Value })),
  blockedBy: () => [],
  actions: {
    read: ['dynamodb:ListTagsOfResource'],
    write: ['dynamodb:TagResource'],
    create: ['dynamodb:TagResource'],
  },
  disruptions: [
    {
      name: 'change-environment',
      purpose: 'to move the table to this environment',
      explain: explainOtherEnvironment,
    },
    { name: 'adopt-table', purpose: 'to adopt the table in this run', explain: explainAdoption },
  ],
}

export function tagValue(all: Tags, key: string): string | undefined {
  return all.find(({ Key }) => Key === key)?.Value
}

export function sortTags(all: Iterable<Tag>): Tags {
  return sortBy(all, ({ Key }) => Key)
}

/** AWS's own tags can neither be set nor removed. */
function isAwsTag(key: string): boolean {
  return key.toLowerCase().startsWith('aws:')
}

/** Returns true if this action created or adopted a table with these tags. */
export function isManaged(all: Tags): boolean {
  return tagValue(all, managedByTag) === managedByValue
}

/** Returns true if the table has the tag of an environment other than this one. */
export function isOfOtherEnvironment(all: Tags, environment: string): boolean {
  const own = tagValue(all, environmentTag)
  return own !== undefined && !isSameEnvironment(own, environment)
}

function hasTag(all: Tags, { Key, Value }: Tag): boolean {
  const present = tagValue(all, Key)
  if (present === undefined) return false
  return Key === environmentTag ? isSameEnvironment(present, Value) : present === Value
}

function riskOf(from: Tags, to: Tags): Risk {
  const environment = tagValue(to, environmentTag)
  const allow = [
    ...(environment !== undefined && isOfOtherEnvironment(from, environment) ? ['change-environment'] : []),
    ...(isManaged(from) ? [] : ['adopt-table']),
  ]
  return allow.length === 0 ? 'safe' : { allow }
}

async function listTags(ask: Ask, { arn: ResourceArn }: TableAddress): Promise<unknown> {
  const all = new Map<string | undefined, object>()
  const seen = new Set<string | undefined>()
  let NextToken: string | undefined
  do {
    const page = await ask('ListTagsOfResource', { ResourceArn, NextToken })
    if (page === undefined) return undefined
    // An answer without a list of tags does not mean that the table has none.
    if (!Array.isArray(page.Tags)) throw new TypeError('Tags is no list')
    // A later entry of the same key replaces the earlier one: moto appends instead of replacing.
    for (const { Key, Value } of page.Tags) all.set(Key, { Key, Value })
    // moto repeats a token without end.
    seen.add(NextToken)
    NextToken = page.NextToken
  } while (NextToken !== undefined && !seen.has(NextToken))
  return sortBy(all, ([key]) => String(key)).map(([, tag]) => tag)
}

export function describeOtherEnvironment(table: string, all: Tags, wanted: string): string {
  return `The table "${table}" belongs to the environment "${tagValue(all, environmentTag)}", as its tag ${environmentTag} says, but this run is for "${wanted}".`
}

function explainOtherEnvironment({ target, table, observed }: Situation<Tags>) {
  const wanted = target.environment.name
  return {
    reason: describeOtherEnvironment(table, observed, wanted),
    remedy: `Choose another table-name-prefix for "${wanted}", or check that the role leads to the right account.`,
  }
}

/** Limits that keep the refusal within one annotation. */
const mostChangesShown = 10
const mostTagsShown = 5

function explainAdoption({ target: { account, region }, table, observed, changes }: Situation<Tags>) {
  return {
    reason: [
      `The table "${table}" exists, but does not carry the tag ${managedByTag} = ${managedByValue}, so this action neither created nor adopted it.`,
      `Adoption would change: ${listSome(changes, mostChangesShown, 'more change')}.`,
      describeOwner(observed),
    ].join(' '),
    remedy: [
      'Find out who owns the table.',
      `Whether a CloudFormation stack holds it, this command says in account ${account}: aws cloudformation describe-stack-resources --physical-resource-id ${table} --region ${region} (a ValidationError means that no stack holds it).`,
      'If a stack holds it, take it out of the stack in this order: set DeletionPolicy: Retain (CDK: RemovalPolicy.RETAIN) on the table and deploy the stack; then remove the table from the stack and deploy it again.',
      'A table that was restored from a backup, a replica of a table in another region, and a table whose tags were removed do not carry the tag either.',
      'To leave the table alone, choose another table-name-prefix.',
    ].join(' '),
  }
}

/** Tags are untrusted text of any length and number. */
function describeOwner(all: Tags): string {
  if (all.length === 0) return 'It has no tags that could name its owner.'
  const shown = all.map(({ Key, Value }) => `${shorten(Key)} = ${shorten(Value)}`)
  return `Its tags may name its owner: ${listSome(shown, mostTagsShown, 'more tag')}.`
}
