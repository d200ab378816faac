/** Plan and outcome -> words: lines for the log, Markdown for people, JSON for machines. Pure. */
import { describeError } from './errors.ts'
import type { Outcome, Plan, Step, StepOutcome, StepResult } from './plan.ts'
import { describeKeys, describeRecovery, type Target } from './table.ts'

/** What a run came to, as far as it came; filled while it goes, so that an error loses nothing. */
export interface RunResult {
  command?: 'apply' | 'plan'
  target?: Target
  plan?: Plan
  outcome?: Outcome
  error?: unknown
}

interface Change {
  readonly setting: string
  /** Absent where there was nothing before. */
  readonly from?: string
  readonly to: string
}

/** What a step changes, setting by setting. */
function changesOf(step: Step): readonly Change[] {
  switch (step.action) {
    case 'create-table':
      return [
        { setting: 'key', to: describeKeys(step.keys) },
        { setting: 'billing mode', to: step.billingMode },
        { setting: 'deletion protection', to: onOrOff(step.deletionProtection) },
        ...tagChanges(step.tags),
      ]
    case 'enable-deletion-protection':
      return [{ setting: 'deletion protection', from: onOrOff(step.from), to: onOrOff(step.to) }]
    case 'tag-table':
      return tagChanges(step.tags)
    case 'set-billing-mode':
      return [{ setting: 'billing mode', from: step.from, to: step.to }]
    case 'set-point-in-time-recovery':
      return [{ setting: 'point-in-time recovery', from: describeRecovery(step.from), to: describeRecovery(step.to) }]
  }
}

function tagChanges(tags: readonly { key: string; from?: string; to: string }[]): readonly Change[] {
  return tags.map(({ key, ...change }) => ({ setting: `tag ${key}`, ...change }))
}

function onOrOff(value: boolean): string {
  return value ? 'on' : 'off'
}

/** One line of plain text: `set-billing-mode "users": billing mode PROVISIONED -> PAY_PER_REQUEST` */
export function describeStep(step: Step): string {
  const changes = changesOf(step).map(({ setting, from, to }) =>
    from === undefined ? `${setting} = ${shorten(to)}` : `${setting} ${shorten(from)} -> ${shorten(to)}`,
  )
  return `${nameStep(step)}: ${changes.join(', ')}`
}

/** The plan as lines of plain text, a line a step; foreign text in it is not yet harmless to a log. */
export function renderPlanLines(plan: Plan): readonly string[] {
  const present = plan.tables.filter(({ status }) => status === 'ready').length
  return [
    `${count(plan.tables.length, 'table')} defined, ${present} found.`,
    ...plan.steps.map((step) => `+ ${describeStep(step)}`),
    ...plan.refusals.flatMap(({ reason, remedy }) => [`! refused: ${reason}`, `  to fix: ${remedy}`]),
    ...plan.notices.map(({ message }) => `  ${message}`),
    ...plan.tables.flatMap(({ name, unmanaged }) =>
      unmanaged.map(({ path, value }) => `  unmanaged on "${name}", left as it is: ${path} = ${shorten(value)}`),
    ),
    ...(plan.steps.length === 0 && plan.refusals.length === 0 ? ['Nothing to do.'] : []),
  ]
}

/** One sentence on what the run came to. */
export function summarise(result: RunResult): string {
  const { plan, outcome, error, command } = result
  if (plan !== undefined && plan.refusals.length > 0) {
    return `Refused, for ${count(plan.refusals.length, 'reason')}. Nothing was written.`
  }
  if (outcome !== undefined && plan !== undefined && (error !== undefined || outcome.error !== undefined)) {
    const done = outcome.steps.filter(({ result: { status } }) => status === 'applied').length
    return `Failed after ${done} of ${count(plan.steps.length, 'step')}.`
  }
  if (error !== undefined) return plan === undefined ? 'Failed before anything was written.' : 'Failed.'
  if (plan === undefined) return 'Nothing was done.'
  if (plan.steps.length === 0) return 'The tables are as defined. Nothing was changed.'
  if (command === 'plan') return `${count(plan.steps.length, 'step')} planned. Nothing was changed.`
  const dropped = outcome?.steps.filter(({ result: { status } }) => status === 'dropped').length ?? 0
  return `${count(plan.steps.length - dropped, 'step')} applied${dropped > 0 ? `, ${dropped} done by another run` : ''}.`
}

/** A step without its settings: `create-table "users"` */
export function nameStep({ action, table }: Step): string {
  return `${action} "${table}"`
}

/** What became of the steps, in words that follow an error: what was done before it, and what was not. */
export function describeProgress(outcome: Outcome): string {
  const named = (status: StepResult['status']) =>
    outcome.steps.filter(({ result }) => result.status === status).map(({ step }) => nameStep(step))
  const unseen = outcome.steps.filter(({ result }) => result.status === 'failed' && result.sent)
  return [
    `Done before: ${named('applied').join(', ') || 'nothing'}.`,
    ...(named('dropped').length > 0 ? [`Done by another run: ${named('dropped').join(', ')}.`] : []),
    ...(unseen.length > 0
      ? [`Sent to DynamoDB, end not seen: ${unseen.map(({ step }) => nameStep(step)).join(', ')}.`]
      : []),
    ...(named('skipped').length > 0 ? [`Not begun: ${named('skipped').join(', ')}.`] : []),
  ].join(' ')
}

/**
 * The job summary in Markdown, all foreign text escaped.
 *
 * @param redact takes secrets out of what others said; before it is escaped and cut, since after that none is found
 */
export function renderSummary(result: RunResult, redact: (text: string) => string = (text) => text): string {
  const { command, target, plan, outcome } = result
  const error = result.error ?? outcome?.error
  const sections = [
    `## Tenant Tables: ${command ?? 'run'}${target === undefined ? '' : ` of ${code(target.environment.name)}`}`,
    `**${text(summarise(result))}**`,
    ...(target === undefined
      ? []
      : [
          `Account ${code(target.account)}, region ${code(target.region)}, environment ${code(target.environment.name)} (${target.environment.production ? 'production' : 'not production'})`,
        ]),
    ...(plan === undefined ? [] : renderPlan(plan, outcome)),
    ...(error === undefined ? [] : renderFailure(error, outcome, redact)),
  ]
  return `${sections.join('\n\n')}\n`
}

function renderPlan(plan: Plan, outcome: Outcome | undefined): readonly string[] {
  const results = new Map(outcome?.steps.map(({ step, result }) => [step, result]))
  const changes = plan.steps.flatMap((step) =>
    changesOf(step).map(({ setting, from, to }, index) =>
      row([
        code(step.table),
        code(step.action),
        text(shorten(setting)),
        from === undefined ? '' : code(from),
        code(to),
        // Once a step: its time is that of all its settings together.
        index === 0 ? text(describeResult(results.get(step))) : '',
      ]),
    ),
  )
  const notes = [
    ...plan.notices.map(({ level, message }) => `- ${level === 'warning' ? '**Warning:** ' : ''}${text(message)}`),
    ...plan.tables.flatMap(({ name, unmanaged }) =>
      unmanaged.map(({ path, value }) => `- Unmanaged on ${code(name)}, left as it is: ${code(path)} = ${code(value)}`),
    ),
  ]
  return [
    ...(plan.refusals.length === 0
      ? []
      : [
          '### Refused',
          plan.refusals.map(({ reason, remedy }) => `- ${text(reason)} **To fix:** ${text(remedy)}`).join('\n'),
        ]),
    ...(changes.length === 0
      ? []
      : [
          '### Changes',
          [row(['Table', 'Step', 'Setting', 'From', 'To', 'Result']), row(Array(6).fill('---')), ...changes].join('\n'),
        ]),
    '### Tables',
    [
      row(['Table', 'ARN', 'Before the run']),
      row(['---', '---', '---']),
      ...plan.tables.map(({ name, arn, status }) => row([code(name), code(arn), text(status)])),
    ].join('\n'),
    ...(notes.length === 0 ? [] : ['### To know', notes.join('\n')]),
  ]
}

function renderFailure(
  error: unknown,
  outcome: Outcome | undefined,
  redact: (text: string) => string,
): readonly string[] {
  const { message, problems, remedy, causes } = describeError(error)
  return [
    '### Failed',
    [
      `- ${text(redact(message))}`,
      ...problems.map((problem) => `  - ${text(problem)}`),
      ...(remedy === undefined ? [] : [`- **To fix:** ${text(redact(remedy))}`]),
      ...(outcome === undefined ? [] : [`- ${text(describeProgress(outcome))}`]),
      ...causes.map((cause) => `- Caused by: ${code(redact(cause))}`),
    ].join('\n'),
  ]
}

/** What became of a step; `planned` where nothing has yet. */
export function describeResult(result: StepResult | undefined): string {
  switch (result?.status) {
    case undefined:
      return 'planned'
    case 'applied':
      return `applied in ${result.seconds.toFixed(1)} s`
    case 'dropped':
      return 'done by another run'
    case 'failed':
      return result.sent ? 'sent, end not seen' : 'failed'
    case 'skipped':
      return 'not begun'
  }
}

/** Foreign text as Markdown code that shows every character and starts nothing: no markup, mention, link or table cell. */
export function code(value: string): string {
  return `<code>${entities(shorten(visible(value)))}</code>`
}

/** Foreign text in a sentence. A zero-width space keeps `@` and `#` from notifying people and linking issues. */
export function text(value: string): string {
  return entities(visible(value)).replace(/&#(64|35);/g, '&#$1;&#8203;')
}

/**
 * What Markdown, HTML or GitHub may give a meaning to in the middle of a line becomes an entity, which never has one.
 * So do the characters that would make a link of an address.
 */
function entities(value: string): string {
  return value.replace(
    /[^\p{L}\p{N}\p{M} ,;.:'"()/=?%+-]|:(?=\/\/)|(?<=\bwww)\.|(?<=\b(?:mailto|xmpp)):/giu,
    (character) => {
      return `&#${character.codePointAt(0)};`
    },
  )
}

/** Control, format and unassigned characters (line breaks, right-to-left overrides) are shown as `\u{202e}`. */
export function visible(value: string): string {
  return value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

function shorten(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)}… (${value.length} characters)` : value
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** The outcome's steps that changed something, or may have. */
export function performedSteps(outcome: Outcome | undefined): readonly StepOutcome[] {
  return (
    outcome?.steps.filter(({ result }) => result.status === 'applied' || (result.status === 'failed' && result.sent)) ??
    []
  )
}
