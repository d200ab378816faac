/** The type of a property: how it is declared, read, compared, changed and shown, and which permissions that takes. */
import type { CreateTableInput, TableDescription } from '@aws-sdk/client-dynamodb'
import type { GenericSchema } from 'valibot'
import type { KeyAttribute } from './properties/key-schema.ts'
import type { Ask, Request } from './request.ts'
import type { ChangeInProgress, Replica, TableValues } from './table.ts'
import type { Place, TableAddress, Target } from './target.ts'
import type { UnmanagedSetting } from './unmanaged.ts'

/**
 * One property of a table. Each file in `properties/` declares one; planner, log, digest, waits, permissions, the schema
 * of the plan and the generators of the tests follow from the list in `properties/index.ts`.
 */
export interface Property<Name extends string = string, Value = unknown> {
  /** CloudFormation's name of the property: the key in a definition and in the JSON of a plan. */
  readonly name: Name
  /** One sentence for the documentation. */
  readonly description: string
  /** A value, in CloudFormation's form. */
  readonly schema: GenericSchema<unknown, Value>
  /** Absent: a definition file declares the value under the name of the property, in the form of `schema`. */
  readonly declaration?: Declaration<Value>
  /**
   * Completes a declared value by facts of the account, such as the key behind an alias. Present only for a property whose
   * declared values may name a resource of another service.
   *
   * @throws {RemedyError} if the value names nothing that this table can use
   */
  resolve?(value: Value, target: Target, readKey: ReadKey): Promise<Value>
  readonly reading: Reading
  /**
   * A change in progress during which DescribeTable shows old values of the property. A table whose definition declares
   * the property is read again when the change is complete.
   */
  readonly settlesWith?: ChangeInProgress['part']
  readonly creation: Creation<Value>
  /**
   * Compares the table with its definition. Changes of a property with several parts have only the parts that differ.
   *
   * @param from what the table has
   * @param to what the definition declares
   * @returns nothing if they are the same; otherwise the changes in their order
   */
  changes(from: Value, to: Value, context: Comparison): readonly (Change<Value> | Impossible)[]
  /** The call that performs a change. Absent for a property that cannot be changed. */
  request?(table: TableAddress, change: ValueChange<Value>): Request
  /** The value as plain text, for logs, tables and messages. A value of several parts has a setting for each. */
  settings(value: Value): readonly Setting[]
  /** The part of the value that a change is about, such as the name of an index. Absent for a value without parts. */
  part?(change: ValueChange<Value>): string
  /**
   * The parts of the table's value that the definition does not mention.
   *
   * @param declared undefined if the definition omits the property
   */
  unmanaged?(observed: Value, declared: Value | undefined): readonly UnmanagedSetting[]
  /** Changes in progress during which DynamoDB does not accept `request`. While a table is CREATING it accepts none. */
  blockedBy(change: ValueChange<Value>): readonly Blocker[]
  /**
   * The names of properties whose change DynamoDB needs before it accepts one of this property. While such a change of
   * the table is deferred, so is a change of this property.
   */
  readonly follows?: readonly string[]
  readonly actions: Actions
  /** The IAM statements that the declared value needs for resources of other services, such as a KMS key. */
  otherStatements?(value: Value, place: Place): OtherStatements
  /** The waits that complete changes. The first one that applies counts; a change without one needs no wait. */
  readonly waits?: readonly Wait<Value>[]
  /**
   * Present only for a property that protects items from loss. Turning it on is the first change of a run, turning it
   * off the last.
   */
  readonly protection?: Protection<Value>
  /** The disruptive changes of this property. */
  readonly disruptions?: readonly Disruption<Value>[]
  /** Present only for a property that AWS lets change a limited number of times. */
  readonly budget?: Budget
}

/** The type of each attribute of a key, by its name. */
export type AttributeTypes = ReadonlyMap<string, KeyAttribute['AttributeType']>

/** The form in which a definition file declares a property, where CloudFormation's form is not that of `schema`. */
export interface Declaration<Value = unknown> {
  /** The properties of CloudFormation that declare the value, and the form of each. */
  readonly fields: Readonly<Record<string, GenericSchema>>
  /**
   * @param fields those that are present: valid, also with each other
   * @param types as AttributeDefinitions declares them
   * @returns the value in the form of `schema`; undefined if the fields declare none
   */
  normalize(fields: Readonly<Record<string, unknown>>, types: AttributeTypes): Value | undefined
}

/**
 * Reads a KMS key.
 *
 * @param key its id, an alias, or the ARN of either
 * @throws {RemedyError} if there is no such key, or it may not be read
 */
export type ReadKey = (key: string) => Promise<Key>

/** A KMS key. */
export interface Key {
  readonly arn: string
  /** False for an asymmetric key and for a key of message authentication codes. DynamoDB can use neither. */
  readonly isSymmetric: boolean
}

/** IAM statements for resources other than tables. */
interface OtherStatements {
  /** For every command that reads the table. */
  readonly read: readonly PolicyStatement[]
  /** For the commands that create or change the table, and for its items. */
  readonly write: readonly PolicyStatement[]
}

/** A statement of an IAM policy. */
export interface PolicyStatement {
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  /** The required values of each context key, by operator. All conditions must be true. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/** The source of the observed value. */
type Reading =
  /** A field of DescribeTable's answer. */
  | { readonly kind: 'described'; of(table: TableDescription): unknown }
  /** A call of its own, made for every table or only for a table whose definition declares the property. */
  | {
      readonly kind: 'asked'
      readonly when: 'always' | 'declared'
      /**
       * @returns undefined if the table does not exist, or is too new for the call
       * @throws {TypeError} if the answer cannot be read
       */
      ask(ask: Ask, table: TableAddress): Promise<unknown>
      /** Matches DynamoDB's error for a table that is too new for the call, as `name: message`, if it has one of its own. */
      readonly isTooNew?: RegExp
    }

/** The way in which a new table gets its value. */
type Creation<Value> =
  /** Set by CreateTable. `otherwise` is sent if the definition omits the property. */
  | { readonly kind: 'in-create-table'; input(value: Value): Partial<CreateTableInput>; readonly otherwise?: Value }
  /** Set by a change after CreateTable, which makes the table with the value `initial`. */
  | { readonly kind: 'after-creation'; readonly initial: Value }

/** The table and its definition as a whole, for properties that depend on others. */
export interface Comparison {
  /** The full name, for reasons and remedies. */
  readonly table: string
  readonly declared: Partial<TableValues>
  /** The values of a table that does not exist yet are those that CreateTable sends. */
  readonly observed: Partial<TableValues>
  /** The replicas of the table in other regions. Absent: none. */
  readonly replicas?: readonly Replica[]
}

/** A value before and after a change. */
export interface ValueChange<Value = unknown> {
  readonly from: Value
  readonly to: Value
}

/** A change in place. */
export interface Change<Value = unknown> extends ValueChange<Value> {
  readonly kind: 'update'
  readonly risk: Risk
  /** True for a change that the definition does not need: without its lines of `allow` the plan omits it, and refuses nothing. */
  readonly isOptional?: boolean
  /** A consequence that people should know before they approve the change. */
  readonly warning?: string
}

/** A difference that DynamoDB cannot change in place. */
export interface Impossible {
  readonly kind: 'impossible'
  readonly reason: string
  readonly remedy: string
}

/**
 * The danger of a change: `slow` keeps the table busy for minutes; a disruptive change needs lines of the input `allow`,
 * by the names of the disruptions.
 */
export type Risk = 'safe' | 'slow' | { readonly allow: readonly string[] }

/** A disruptive change: it removes protection, or takes over a table. */
export interface Disruption<Value = unknown> {
  /** The line of the input `allow` that permits it. */
  readonly name: string
  /** The purpose of that line, such as `to turn it off`. */
  readonly purpose: string
  /** The condition under which a plan has such a change, where it is easily missed. A sentence. */
  readonly condition?: string
  explain(situation: Situation<Value>): { readonly reason: string; readonly remedy: string }
}

/** The facts for the refusal of a disruptive change. */
export interface Situation<Value = unknown> {
  readonly target: Target
  readonly table: string
  /** The observed value of the property, whole. */
  readonly observed: Value
  /** Every change that the table needs, as plain text. */
  readonly changes: readonly string[]
  /** The disruptive change itself. */
  readonly change: ValueChange<Value>
  readonly comparison: Comparison
}

/** A protection that a production environment has on, unless `allow` permits otherwise. */
export interface Protection<Value> {
  isOn(value: Value): boolean
  /** The value in production if the inputs say `auto`. */
  readonly inProduction: Value
  /** The value if the input says `false`. */
  readonly off: Value
  /** The input that turns it on and off. */
  readonly input: string
  /** The name of the disruption that turns it off. */
  readonly removal: string
}

/** The wait for a change in DynamoDB. All times are in seconds. */
export interface Wait<Value = unknown> {
  /** Absent for a wait that applies to every change of the property. */
  appliesTo?(change: ValueChange<Value>): boolean
  /** The wait lasts while a change of this kind is in progress, or the table is UPDATING. Absent: only the latter counts. */
  readonly part?: ChangeInProgress['part']
  /** True for the build of an index. With `wait-for-indexes: false` the run does not wait for the last one of a table. */
  readonly isIndexBuild?: boolean
  /** The goal, for the log and for errors: `the table "users" to ...`. */
  readonly goal: string
  /** The usual duration, in words. */
  readonly usual: string
  readonly firstPoll: number
  /** Between two polls in the first 20 seconds. Absent: 0.45, for a wait of seconds. */
  readonly interval?: number
  /** The wait fails after this time, even if the run has time left. */
  readonly timeout: number
}

/** A limit on how often a property may change. It cannot be read; DynamoDB names it when it refuses a change. */
interface Budget {
  /** The limit in words, such as `one change an hour`. */
  readonly limit: string
  /** Matches DynamoDB's error, as `name: message`. */
  readonly isSpent: RegExp
}

/** A named part of a value, in words, as plain text. */
export interface Setting {
  /** Such as `tag`, for one of many settings of the same kind. Its `name` is then the name of the tag. */
  readonly group?: string
  readonly name: string
  readonly value: string
}

/** A kind of change in progress on a table. */
export type Blocker = 'table' | 'index' | 'replica' | 'encryption' | 'warm throughput'

/** IAM actions, such as `dynamodb:UpdateTable`. */
interface Actions {
  readonly read: readonly string[]
  /** The actions of a change in place. */
  readonly write: readonly string[]
  /** The actions of CreateTable, besides dynamodb:CreateTable. */
  readonly create?: readonly string[]
}
