/** Calls to DynamoDB as data: a property says what to send, and the port sends it. Only types come from the SDK. */
import type * as Sdk from '@aws-sdk/client-dynamodb'
import type { GetOutputType } from '@smithy/types'

/** A DynamoDB operation, such as `DescribeTable`. */
export type Operation = {
  [Name in keyof typeof Sdk]: Name extends `${infer Operation}Command` ? Operation : never
}[keyof typeof Sdk]

type CommandOf<Name extends Operation> = InstanceType<(typeof Sdk)[`${Name}Command`]>

export type InputOf<Name extends Operation> = CommandOf<Name>['input']

export type OutputOf<Name extends Operation> = GetOutputType<CommandOf<Name>>

/** One call: the operation and its input. */
export type Request = {
  readonly [Name in Operation]: { readonly operation: Name; readonly input: InputOf<Name> }
}[Operation]

/**
 * Sends a read.
 *
 * @returns undefined if DynamoDB reports that the table does not exist, or is too new for the call
 */
export type Ask = <Name extends Operation>(operation: Name, input: InputOf<Name>) => Promise<OutputOf<Name> | undefined>
