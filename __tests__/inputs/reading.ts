/** Reads inputs as a workflow gives them, for tests. */
import { InvalidInputsError } from '../../src/errors/errors.ts'
import { type Inputs, readInputs } from '../../src/inputs/inputs.ts'
import { sourceOf } from '../support/builders.ts'

export type Texts = Readonly<Record<string, string>>

export const hub = 'arn:aws:iam::111111111111:role/hub'
export const provisioner = 'arn:aws:iam::222222222222:role/path/to/provisioner'
export const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret' }
export const key = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' }

export function read(inputs: Texts = {}, variables: Texts = {}): Inputs {
  return readInputs(sourceOf(inputs, variables))
}

/** Every problem with the inputs; none where they are right. */
export function problemsOf(inputs: Texts, variables: Texts = {}): readonly string[] {
  try {
    read(inputs, variables)
    return []
  } catch (error) {
    if (error instanceof InvalidInputsError) return error.problems
    throw error
  }
}
