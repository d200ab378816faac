/** Writes the documents that follow from the sources: `npm run schemas`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { toJsonSchema } from '@valibot/to-json-schema'
import { defaultsSchema, definitionSchema, tableSchema, tablesSchema } from '../src/definition/fields.ts'
import { type ItemKind, itemSchemas } from '../src/definition/items.ts'
import { planSchema, sharedSchemas } from '../src/plan/document.ts'
import { properties } from '../src/table/properties/index.ts'
import type { Property } from '../src/table/property.ts'

/** The JSON Schema of a plan. */
export function planJsonSchema(): object {
  return {
    title: 'A plan of Tenant Tables: the output plan, and the file that the output plan-file names',
    ...toJsonSchema(planSchema, {
      target: 'draft-2020-12',
      definitions: sharedSchemas,
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

const head = `| property | description | new table | change in place | limit of AWS | IAM actions to read | IAM actions to change |
|---|---|---|---|---|---|---|`

/** The page about definition files, with the present table of properties. */
export function definitionPage(page: string): string {
  const [before = '', after = ''] = page.split(/(?<=<!-- begin: properties -->\n)[\s\S]*(?=<!-- end: properties -->)/)
  return `${before}${[head, ...properties.map(rowOf)].join('\n')}\n${after}`
}

function rowOf({
  name,
  description,
  creation,
  request,
  waits = [],
  budget,
  disruptions = [],
  actions,
}: Property): string {
  const change = [
    ...(request === undefined ? ['impossible'] : []),
    ...waits.map(({ goal, usual }) => `to ${goal}: ${usual}`),
    ...disruptions.map((disruption) => `\`allow: ${disruption.name}\` ${disruption.purpose}`),
  ]
  const cells = [
    code(name),
    description,
    creation.kind === 'in-create-table' ? 'created with it' : 'set after its creation',
    change.join('; ') || 'at once',
    budget?.limit ?? '',
    listActions(actions.read),
    listActions(actions.write),
  ]
  return `| ${cells.join(' | ')} |`
}

function listActions(actions: readonly string[]): string {
  return actions.map(code).join(', ') || 'none'
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
}
