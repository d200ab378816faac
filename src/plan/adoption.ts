/** What to know and to check before a table that this action did not create is adopted. Pure. */

import { managedByTag, managedByValue, type ReadyTable, type Tags, type Target } from '../table/table.ts'
import { listSome, shorten } from '../text/readable.ts'
import { changesOf, describeChange } from './description.ts'
import type { Refusal, Step } from './plan.ts'

/** As many as fit into an annotation beside the rest. */
const mostChanges = 10
const mostTags = 5

/**
 * The refusal without the line of `allow` that would open it.
 *
 * @param steps that the adopted table would need, whatever else they need from `allow`
 */
export function explainAdoption(
  table: string,
  { account, region }: Target,
  { tags }: ReadyTable,
  steps: readonly Step[],
): Pick<Refusal, 'reason' | 'remedy'> {
  const changes = steps.flatMap(changesOf).map(describeChange)
  return {
    reason: [
      `The table "${table}" exists, but does not carry the tag ${managedByTag} = ${managedByValue}, so this action neither created nor adopted it.`,
      `Adoption would change: ${listSome(changes, mostChanges, 'more change')}.`,
      describeOwner(tags),
    ].join(' '),
    remedy: [
      'Find out who owns the table.',
      `Whether a CloudFormation stack holds it, this command says in account ${account}: aws cloudformation describe-stack-resources --physical-resource-id ${table} --region ${region} (a ValidationError means that no stack holds it).`,
      'If a stack holds it, let go of it in this order: set DeletionPolicy: Retain (CDK: RemovalPolicy.RETAIN) on the table and deploy the stack; then remove the table from the stack and deploy it again.',
      'A table that was restored from a backup, a replica of a table in another region, and a table whose tags were removed do not carry the tag either.',
      'To leave the table alone, choose another table-name-prefix.',
    ].join(' '),
  }
}

/** Tags are untrusted text, and there may be any number of them. */
function describeOwner(tags: Tags): string {
  if (tags.size === 0) return 'It has no tags that could name its owner.'
  const sorted = [...tags].sort(([left], [right]) => (left < right ? -1 : 1))
  const shown = sorted.map(([key, value]) => `${shorten(key)} = ${shorten(value)}`)
  return `Its tags may name its owner: ${listSome(shown, mostTags, 'more tag')}.`
}
