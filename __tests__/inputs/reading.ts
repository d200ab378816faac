/** Reads inputs as a workflow gives them, for tests. */
import { readDefinition } from '../../src/definition/read-definition.ts'
import { InvalidInputsError } from '../../src/errors/errors.ts'
import { type Inputs, readInputs } from '../../src/inputs/inputs.ts'
import { sourceOf } from '../support/builders.ts'

export type Texts = Readonly<Record<string, string>>

export const hub = 'arn:aws:iam::111111111111:role/hub'
export const provisioner = 'arn:aws:iam::222222222222:role/path/to/provisioner'
export const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret' }
export const key = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' }

/** @param file the text of the file `tables.yml`, which `definition-file` names then */
export function read(inputs: Texts = {}, variables: Texts = {}, file?: string): Inputs {
  if (file === undefined) return readInputs(sourceOf(inputs, variables))
  const source = sourceOf({ 'definition-file': 'tables.yml', ...inputs }, variables)
  return readInputs({ ...source, definitionFile: readDefinition(file, 'tables.yml') })
}

/** Every problem with the inputs; none where they are right. */
export function problemsOf(inputs: Texts, variables: Texts = {}, file?: string): readonly string[] {
  try {
    read(inputs, variables, file)
    return []
  } catch (error) {
    if (error instanceof InvalidInputsError) return error.problems
    throw error
  }
}
