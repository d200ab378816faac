/** Writes the documents that follow from the sources: `npm run schemas`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { toJsonSchema } from '@valibot/to-json-schema'
import { parse } from 'yaml'
import { policyFor } from '../src/aws/iam.ts'
import { renderHelp } from '../src/command-line/help.ts'
import { declarationOf, defineEverywhere } from '../src/definition/definition.ts'
import {
  defaultsSchema,
  definitionSchema,
  notManaged,
  notManagedMembers,
  tableSchema,
  tablesSchema,
} from '../src/definition/fields.ts'
import { type ItemKind, itemSchemas } from '../src/definition/items.ts'
import { readDefinition } from '../src/definition/read-definition.ts'
import { planSchema, risk, tableName } from '../src/plan/document.ts'
import { type PropertyName, properties } from '../src/table/properties/index.ts'
import type { Property } from '../src/table/property.ts'
import type { TableDefinition } from '../src/table/table.ts'

/** The JSON Schema of a plan. */
export function planJsonSchema(): object {
  return {
    title: 'A plan of Tenant Tables: the output plan, and the file that the output plan-file names',
    ...toJsonSchema(planSchema, {
      target: 'draft-2020-12',
      // The parts that are used several times.
      definitions: { tableName, risk, ...Object.fromEntries(properties.map(({ name, schema }) => [name, schema])) },
      // JSON Schema has no form for a function: the reader of plans alone runs it.
      ignoreActions: ['check'],
    }),
  }
}

/** The JSON Schema of the items of a built-in table. Its only check is that of a date. */
export function itemJsonSchema(kind: ItemKind): object {
  return {
    title: `An item of the ${kind} table`,
    ...toJsonSchema(itemSchemas[kind], {
      target: 'draft-2020-12',
      overrideAction: ({ valibotAction, jsonSchema }) =>
        valibotAction.type === 'check' ? { ...jsonSchema, format: 'date-time' } : undefined,
    }),
  }
}

/** The JSON Schema of a definition file. Draft 7 is the one that editors with yaml-language-server know best. */
export function definitionJsonSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A definition file of Tenant Tables: the input definition-file',
    ...toJsonSchema(definitionSchema, {
      target: 'draft-07',
      definitions: { tables: tablesSchema, table: tableSchema, defaults: defaultsSchema },
      ignoreActions: ['check'],
    }),
  }
}

/** The page about definition files, with its generated parts as they are now. */
export function definitionPage(page: string): string {
  return replaceParts(page, {
    policy: examplePolicy(page),
    'not managed': listNotManaged(),
    properties: propertyTable(),
  })
}

interface Described {
  readonly description: string
  readonly default?: string
}

/**
 * The page about inputs and outputs, with its generated parts as they are now.
 *
 * @param action the text of action.yml
 */
export function referencePage(page: string, action: string): string {
  const { inputs, outputs } = parse(action) as Readonly<
    Record<'inputs' | 'outputs', Readonly<Record<string, Described>>>
  >
  const rows = (values: Readonly<Record<string, Described>>, cells: (value: Described) => readonly string[]) =>
    Object.entries(values).map(([name, value]) => [code(name), ...cells(value)])
  return replaceParts(page, {
    inputs: renderTable(
      ['input', 'default', 'meaning'],
      rows(inputs, ({ default: byDefault = '', description }) => [byDefault && code(byDefault), description]),
    ),
    outputs: renderTable(
      ['output', 'meaning'],
      rows(outputs, ({ description }) => [description]),
    ),
  })
}

/** Replaces the text between the two comments of each part. */
function replaceParts(page: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [before = '', after = ''] = text.split(
      new RegExp(`(?<=<!-- begin: ${name} -->\\n)[\\s\\S]*(?=<!-- end: ${name} -->)`),
    )
    return `${before}${part}\n${after}`
  }, page)
}

/**
 * The page about the command line, with the help as it is now.
 *
 * @param action the text of action.yml
 */
export function commandLinePage(page: string, action: string): string {
  const help = `\`\`\`text\n${renderHelp(action)}\n\`\`\`\n`
  return page.replace(/(?<=<!-- begin: help -->\n)[\s\S]*(?=<!-- end: help -->)/, () => help)
}

const place = { partition: 'aws', region: 'ap-south-1', account: '222222222222' }

/** The policy `verify` of the first example on the page. */
function examplePolicy(page: string): string {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  const policy = policyFor('verify', place, tablesEverywhere(example))
  return `\`\`\`json\n${JSON.stringify({ verify: policy }, undefined, 2)}\n\`\`\``
}

function tablesEverywhere(file: string): readonly TableDefinition[] {
  const read = readDefinition(file, 'tables.yml')
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  const inputs = { deletionProtection: 'auto', pointInTimeRecovery: 'auto', tags: new Map() } as const
  return defineEverywhere(read.definition, { tableNamePrefix: '', ...inputs })
}

function listNotManaged(): string {
  const members = Object.entries(notManagedMembers).map(
    ([property, names]) => `- in ${code(property)}: ${names.map(code).join(', ')}`,
  )
  return [`- of a table: ${notManaged.map(code).join(', ')}`, ...members].join('\n')
}

const columns = ['property', 'meaning', 'new table', 'existing table', '`allow`', 'limit of AWS', 'IAM actions']

function propertyTable(): string {
  const examples = tablesEverywhere(readFileSync('examples/all-properties.yml', 'utf8'))
  return renderTable(
    columns,
    properties.map((property) => cellsOf(property, examples)),
  )
}

function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** @param examples tables that declare every property, for the actions that depend on its value */
function cellsOf(property: Property<PropertyName>, examples: readonly TableDefinition[]): readonly string[] {
  const { name, description, creation, request, waits = [], budget, disruptions = [], actions } = property
  const durations = waits.map(({ goal, usual }) => `${goal}: ${usual}`)
  const inPlace = request === undefined ? ['cannot be changed'] : durations.length === 0 ? ['at once'] : durations
  const ofOthers = examples.flatMap(({ properties: values }) =>
    values[name] === undefined ? [] : [property.otherStatements?.(values[name], place)],
  )
  const others = (kind: 'read' | 'write') =>
    ofOthers.flatMap((statements) => statements?.[kind] ?? []).flatMap(({ Action }) => Action)
  return [
    Object.keys(declarationOf(property).fields).map(code).join('<br>'),
    description,
    creation.kind === 'in-create-table' ? 'created with it' : 'set after its creation',
    inPlace.join('<br>'),
    disruptions.map((disruption) => `${code(disruption.name)}: ${disruption.purpose}`).join('<br>'),
    budget?.limit ?? '',
    [
      `read: ${listActions(actions.read)}`,
      `change: ${listActions(actions.write)}`,
      ...(others('read').length === 0 ? [] : [`read, on the key: ${listActions(others('read'))}`]),
      ...(others('write').length === 0 ? [] : [`change, on the key: ${listActions(others('write'))}`]),
    ].join('<br>'),
  ]
}

function listActions(actions: readonly string[]): string {
  return [...new Set(actions)].sort().map(code).join(', ') || 'none'
}

function code(text: string): string {
  return `\`${text}\``
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const write = (name: string, schema: object) =>
    writeFileSync(`docs/schemas/${name}.schema.json`, JSON.stringify(schema, undefined, 2))
  write('plan', planJsonSchema())
  write('definition', definitionJsonSchema())
  for (const kind of ['tenant', 'users'] as const) write(`${kind}-item`, itemJsonSchema(kind))
  writeFileSync('docs/definition.md', definitionPage(readFileSync('docs/definition.md', 'utf8')))
  const action = readFileSync('action.yml', 'utf8')
  writeFileSync('docs/reference.md', referencePage(readFileSync('docs/reference.md', 'utf8'), action))
  writeFileSync('docs/command-line.md', commandLinePage(readFileSync('docs/command-line.md', 'utf8'), action))
}
