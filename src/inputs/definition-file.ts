/** Reads the file that the input `definition-file` names. */
import type { ReadDefinition } from '../definition/read-definition.ts'
import { RemedyError } from '../errors/errors.ts'

/** @returns undefined if the input is empty: the built-in tables are the definition */
export async function loadDefinitionFile(
  input: (name: string) => string,
  readFile: (path: string) => Promise<string>,
): Promise<ReadDefinition | undefined> {
  const path = input('definition-file').trim()
  if (path === '') return undefined
  try {
    const text = await readFile(path)
    const { readDefinition } = await import(/* webpackChunkName: "definition" */ '../definition/read-definition.ts')
    return readDefinition(text, path)
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error
    return { problems: [`definition-file: ${error.message} ${error.remedy}`] }
  }
}
