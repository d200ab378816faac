/** The type of a property: how it is declared, read, compared, changed and shown, and which permissions that takes. */
import type { CreateTableInput, TableDescription } from '@aws-sdk/client-dynamodb'
import type { GenericSchema } from 'valibot'
import type { Ask, Request } from './request.ts'
import type { TableAddress, Target } from './target.ts'

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
  readonly reading: Reading
  readonly creation: Creation<Value>
  /**
   * Compares the table with its definition.
   *
   * @param from what the table has
   * @param to what the definition declares
   * @param table the full name, for reasons and remedies
   * @returns nothing if they are the same
   */
  changes(from: Value, to: Value, table: string): readonly (Change<Value> | Impossible)[]
  /** The call that performs a change. Absent for a property that cannot be changed. */
  request?(table: TableAddress, to: Value): Request
  /** The value as plain text, for logs, tables and messages. A value of several parts has a setting for each. */
  settings(value: Value): readonly Setting[]
  /** Changes in progress during which DynamoDB does not accept `request`. While a table is CREATING it accepts none. */
  readonly blockedBy: readonly Blocker[]
  readonly actions: Actions
  /** Present only for a property whose change keeps the table busy. */
  readonly wait?: Wait
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

/** The source of the observed value. */
export type Reading =
  /** A field of DescribeTable's answer. */
  | { readonly kind: 'described'; of(table: TableDescription): unknown }
  /** A call of its own, made for every table or only for a table whose definition declares the property. */
  | {
      readonly kind: 'asked'
      readonly when: 'always' | 'declared'
      /** @returns undefined if the table does not exist, or is too new for the call */
      ask(ask: Ask, table: TableAddress): Promise<unknown>
      /** Matches DynamoDB's error for a table that is too new for the call, as `name: message`, if it has one of its own. */
      readonly isTooNew?: RegExp
    }

/** The way in which a new table gets its value. */
export type Creation<Value> =
  /** Set by CreateTable. `otherwise` is sent if the definition omits the property. */
  | { readonly kind: 'in-create-table'; input(value: Value): Partial<CreateTableInput>; readonly otherwise?: Value }
  /** Set by a change after CreateTable, which makes the table with the value `initial`. */
  | { readonly kind: 'after-creation'; readonly initial: Value }

/** A change in place. */
export interface Change<Value = unknown> {
  readonly kind: 'update'
  readonly from: Value
  readonly to: Value
  readonly risk: Risk
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

/** The usual duration of a change in DynamoDB, and the longest wait for it. In seconds. */
export interface Wait {
  /** The goal, for the log and for errors: `the table "users" to ...`. */
  readonly goal: string
  /** The usual duration, in words. */
  readonly usual: string
  readonly firstPoll: number
  /** The wait fails after this time, even if the run has time left. */
  readonly timeout: number
}

/** A limit on how often a property may change. It cannot be read; DynamoDB names it when it refuses a change. */
export interface Budget {
  /** The limit in words, such as `one change an hour`. */
  readonly limit: string
  /** Matches DynamoDB's error, as `name: message`. */
  readonly isSpent: RegExp
}

/** A named part of a value, as plain text. */
export interface Setting {
  readonly name: string
  readonly value: string
}

/** A kind of change in progress on a table. */
export type Blocker = 'table' | 'index' | 'replica' | 'encryption' | 'warm throughput'

/** IAM actions, such as `dynamodb:UpdateTable`. */
export interface Actions {
  readonly read: readonly string[]
  /** The actions of a change in place. */
  readonly write: readonly string[]
  /** The actions of CreateTable, besides dynamodb:CreateTable. */
  readonly create?: readonly string[]
}
