/**
 * The errors, refusals and warnings in the sources, found in their syntax tree. A literal counts unless it is known to be
 * something else, so a new message cannot be forgotten.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { parseSync } from '@swc/core'

export interface Message {
  readonly file: string
  /** As it is printed. `…` stands for each part that the run fills in, and for what stands before a part of a sentence. */
  readonly text: string
}

interface Literal extends Message {
  /** The names of the functions, variables, properties and arguments that it is in, outermost first: `refuse/reason`. */
  readonly place: string
}

type Node = Readonly<Record<string, unknown>> & { readonly type?: string }

const root = new URL('../../src/', import.meta.url)

/** Files without messages of their own: they render those of others, and the help. */
const renderers = /^report\/|^command-line\/help\.ts$/

/** Places of texts that are no message: remedies, descriptions for documentation, names of waits, progress in the log. */
const otherPlaces: readonly RegExp[] = [
  // The second argument of an error is its remedy. TypeErrors are mistakes of the action, without words of their own.
  /\w+Error\(1\)/,
  /(?:Type|Range)Error\(/,
  /super\(1\)/,
  /(?:^|\/)(?:remedy\w*|remedies|\w+Remedies|explainLiteralForm|reviewAgain|advice\w*)(?:\/|$)/,
  /(?:explainTokenRefusal|explainRoleRefusal|refuseUnavailable)\/(?:.*\/)?(?:refuse\(|first$|checkExternalId$)/,
  /explain\(1\)/,
  /unlessItFails\(3\)/,
  /(?:^|\/)(?:remedyFor\w+|wrong\w+|unsentRemedy|iamDelay|askTheOrganization|readDenial)(?:\/|$)/,
  // For documentation and for schemas.
  /(?:^|\/)(?:description|descriptions)(?:\/|$|\()/,
  /check\(1\)$(?<!crossChecks.*|onlyWith.*)/,
  /regex\(1\)$/,
  // Words of waits, limits and steps.
  /(?:^|\/)(?:goal|usual|limit|purpose|rule|otherWords|hint|passingLimits)(?:\/|$)/,
  // The log.
  /(?:^|\/)(?:info|startGroup|includes|join|startsWith|test)\(0\)/,
  // A sentence about the comparison, not a warning.
  /^describeReview$/,
]

/** Every message of the sources. */
export function findMessages(): readonly Message[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !renderers.test(file))
    .sort()
    .flatMap((file) => literalsOf(file))
    .filter(({ text, place }) => isMessage(text, place) && !otherPlaces.some((other) => other.test(place)))
    .map(({ file, text }) => ({ file, text: withSubject(text) }))
}

/** The remedies that are written where an error is thrown: its second argument. */
export function findRemedies(): readonly Message[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => literalsOf(file))
    .filter(({ place }) => /(?:Remedy|Stopped|GitHub)Error\(1\)$/.test(place))
}

/** Places of messages that need no full stop: it follows where they are printed. */
const otherMessages =
  /(?:none|\w+Error|super)\(0\)$|textOf\(1\)$|(?:^|\/)(?:must|readPlanDocument|describeTimeToLive\/start)$/

/** A sentence, or a text without a full stop at a place that holds nothing else. */
function isMessage(text: string, place: string): boolean {
  if (!/\w \S/.test(text)) return false
  return /[^.\s][.?](?:\s|…|$)/.test(text) || otherMessages.test(place)
}

/** Puts `…` before a text that is only the predicate: an input or a place in the definition file is its subject. */
function withSubject(text: string): string {
  const hasSubject = !/^[a-z ,:]/.test(text) || /^(?:[a-z]+-[a-z]+|allow|comment) /.test(text)
  return hasSubject ? text.replace(/^…(?=\w)/, '… ').trim() : `… ${text.trim()}`
}

function literalsOf(file: string): readonly Literal[] {
  const source = readFileSync(new URL(file, root), 'utf8')
  const found: Literal[] = []
  const visit = (value: unknown, place: readonly string[]): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, place)
    else if (typeof value === 'object' && value !== null) visitNode(value as Node, place)
  }
  const visitNode = (node: Node, place: readonly string[]): void => {
    // Types have literals too.
    if (/^Import|^TsType|^TsInterface|^TsLiteral|^TsUnion/.test(node.type ?? '')) return
    const text = textOf(node)
    if (text !== undefined) found.push({ file, text, place: place.join('/') })
    for (const [key, value] of Object.entries(node)) {
      if (key === 'arguments' && Array.isArray(value)) {
        for (const [index, each] of value.entries()) visit(each, [...place, `${nameOf(node.callee)}(${index})`])
      } else if (key !== 'span' && key !== 'quasis') {
        const name = nameAt(node, key)
        visit(value, name === '' ? place : [...place, name])
      }
    }
  }
  visit(parseSync(source, { syntax: 'typescript', target: 'es2022' }).body, [])
  return found
}

/** The text of a literal; undefined for every other node. */
function textOf(node: Node): string | undefined {
  if (node.type === 'StringLiteral') return String(node.value)
  if (node.type !== 'TemplateLiteral') return undefined
  const parts = node.quasis as readonly { readonly cooked?: unknown; readonly raw: unknown }[]
  return parts.map(({ cooked, raw }) => String(cooked ?? raw)).join('…')
}

/** The name that a member of a node adds to its place; empty if it adds none. */
function nameAt(node: Node, key: string): string {
  if (node.type === 'KeyValueProperty' && key === 'value') return nameOf(node.key)
  if (node.type === 'VariableDeclarator' && key === 'init') return nameOf(node.id)
  if (node.type === 'FunctionDeclaration' && key === 'body') return nameOf(node.identifier)
  return ''
}

function nameOf(value: unknown): string {
  const { type, value: name, property } = (value ?? {}) as { type?: string; value?: unknown; property?: unknown }
  if (type === 'Super') return 'super'
  return property === undefined ? String(name ?? '') : nameOf(property)
}
