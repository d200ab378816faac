/** Finds inputs that the workflow gives and this action does not have: a misspelt one must not be ignored. */
import type { Variables } from '../run/variables.ts'
import { listSome, quote, visible } from '../text/readable.ts'
import { findSimilar } from '../text/similar.ts'
import { type InputName, inputNames } from './declarations.ts'

/** Names that other actions and tools use for the same thing. Spelling mistakes are found by their edit distance. */
export const commonGuesses: { readonly [Meant in InputName | 'command: plan']?: string } = {
  'command: plan': 'dry-run dryrun plan plan-only check check-only noop what-if',
  environment: 'env env-name environment-name',
  'production-environments': 'production-environment prod-environments protected-environments',
  production: 'is-production is-prod prod prod-env production-env',
  'aws-region': 'region aws-default-region region-name',
  'role-to-assume':
    'role roles role-arn role-arns role-name iam-role iam-role-arn assume-role assume-role-arn aws-role aws-role-arn aws-role-to-assume aws-assume-role aws-iam-role',
  'role-external-id': 'external-id aws-external-id aws-role-external-id',
  'role-source-identity': 'source-identity',
  'role-session-tags': 'session-tags',
  'role-session-name': 'session-name aws-session-name aws-role-session-name',
  'role-duration-seconds':
    'role-duration session-duration duration-seconds role-session-duration aws-role-duration-seconds',
  'allowed-account-ids':
    'account-id account-ids aws-account-id aws-account-ids allowed-accounts allowed-aws-account-ids',
  'table-name-prefix': 'prefix table-prefix tables-prefix name-prefix table-names-prefix',
  'deletion-protection': 'protection deletion-protection-enabled delete-protection enable-deletion-protection',
  'point-in-time-recovery': 'point-in-time-recovery-enabled enable-point-in-time-recovery pitr',
  tags: 'tag table-tags resource-tags',
  'timeout-seconds': 'timeout timeout-minutes timeout-in-seconds',
  'expected-plan': 'reviewed-plan approved-plan expected-plan-file',
  'expected-plan-digest': 'plan-digest',
  'fail-on-drift': 'detect-drift drift fail-on-changes',
  comment: 'pr-comment pull-request-comment comment-on-pr',
  'github-token': 'gh-token',
  'confirm-destroy': 'confirm confirm-delete confirm-deletion',
}

interface GivenInput {
  /** In lower case. */
  readonly name: string
  readonly variable: string
  readonly value: string
}

/**
 * Finds unknown inputs. An empty input counts as not given.
 *
 * @returns a problem for each input that was probably meant to be one of this action, and a warning that names the others
 */
export function findUnknownInputs(variables: Variables) {
  const unknown = givenInputs(variables)
    .filter((input) => !isKnown(input, variables))
    .map((input) => ({ ...input, suggestion: suggestInput(input) }))
  const others = unknown.filter(({ suggestion }) => suggestion === undefined)
  return {
    problems: unknown.flatMap(({ name, variable, suggestion }) =>
      suggestion === undefined
        ? []
        : `${visible(name)} is not an input of this action. Did you mean ${suggestion}? If it is not meant for this action, set ${visible(variable)} to an empty text in the env of this step.`,
    ),
    warnings: others.length === 0 ? [] : [explainIgnored(others)],
  }
}

/** The runner passes an input on as `INPUT_` and its name in upper case. */
const prefix = 'INPUT_'

/** Lists the variables of inputs that are not empty. Sorted by name, so that the same inputs give the same text. */
export function givenInputs(variables: Variables): readonly GivenInput[] {
  return Object.keys(variables)
    .filter((variable) => variable.startsWith(prefix))
    .sort()
    .map((variable) => ({
      name: variable.slice(prefix.length).toLowerCase(),
      variable,
      value: variables[variable]?.trim() ?? '',
    }))
    .filter(({ value }) => value !== '')
}

/** A name with underscores for hyphens is known only if the runner passes the same value under the right name too. */
function isKnown({ name, value }: GivenInput, variables: Variables): boolean {
  const known = inputNames.find((each) => each === hyphenated(name))
  if (known === undefined || known === name) return known !== undefined
  return variables[`${prefix}${known.toUpperCase()}`]?.trim() === value
}

function hyphenated(name: string): string {
  return name.replaceAll('_', '-')
}

/** Returns the input that an unknown one was probably meant to be, or `command: plan`; undefined if none is similar. */
export function suggestInput({ name, value }: Pick<GivenInput, 'name' | 'value'>): string | undefined {
  const written = hyphenated(name)
  const [guessed] = Object.entries(commonGuesses).find(([, guesses]) => guesses.split(' ').includes(written)) ?? []
  // `mode: plan` and similar inputs: a run that was meant to change nothing must not change anything.
  return guessed ?? findSimilar(written, inputNames) ?? (value.toLowerCase() === 'plan' ? 'command: plan' : undefined)
}

function explainIgnored(inputs: readonly GivenInput[]): string {
  const names = inputs.map(({ name }) => quote(name))
  return `The action does not have these inputs and ignores them: ${listSome(names, 20, 'more input')}.`
}
