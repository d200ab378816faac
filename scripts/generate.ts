/** Writes the documents that follow from the sources: `npm run schemas`. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { toJsonSchema } from '@valibot/to-json-schema'
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

const heading = `# Properties of a table

\`npm run schemas\` generates this page from [\`src/table/properties\`](../src/table/properties).

The properties stand in the order in which a run applies their changes. Two rules come before it: a run turns protection on
before it makes any other change, and turns protection off last.

| property | description | change in place | IAM actions to read | IAM actions to change |
|---|---|---|---|---|`

/** The page that lists the properties. */
export function propertiesPage(): string {
  return `${[heading, ...properties.map(rowOf)].join('\n')}\n`
}

function rowOf({ name, description, request, wait, budget, disruptions = [], actions }: Property): string {
  const change = [
    ...(request === undefined ? ['impossible'] : []),
    ...(wait === undefined ? [] : [`takes ${wait.usual}`]),
    ...(budget === undefined ? [] : [`AWS allows ${budget.limit}`]),
    ...disruptions.map((disruption) => `needs \`allow: ${disruption.name}\` ${disruption.purpose}`),
  ]
  const cells = [
    code(name),
    description,
    change.join('; ') || 'safe',
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
  writeFileSync('docs/schemas/plan.schema.json', JSON.stringify(planJsonSchema(), undefined, 2))
  writeFileSync('docs/properties.md', propertiesPage())
}
