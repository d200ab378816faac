/** Applies plans to the model of DynamoDB, with some calls answered otherwise. */
import type { TableDescription } from '@aws-sdk/client-dynamodb'
import { applyPlan } from '../../src/apply/apply.ts'
import type { Outcome } from '../../src/apply/outcome.ts'
import type { DynamoDb } from '../../src/aws/dynamodb.ts'
import { DynamoDbError } from '../../src/aws/dynamodb-errors.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { nameStep } from '../../src/plan/description.ts'
import type { Plan, Policy } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { Tags } from '../../src/table/properties/tags.ts'
import type { ObservedTables, ReadyTable, TableDefinition } from '../../src/table/table.ts'
import { type Target, tableArn } from '../../src/table/target.ts'
import { aTarget, ready, strictPolicy, theTables, type ValueChanges } from './builders.ts'
import { answerFor, aRun, type FakeRun, type Model, modelDynamoDb, stepOf, type Write, withAnswers } from './fakes.ts'

/** Calls that do not go to the model as they are. */
export interface Overrides {
  /** Replaces a write. `send` lets the model perform it; `sendBefore` is infinite for a creation. */
  readonly write?: (step: Write, send: () => Promise<void>, sendBefore: number) => Promise<void>
  /** Replaces DescribeTable's description; undefined is a table that does not exist. */
  readonly describe?: Replacement<TableDescription>
  /** Replaces the tags; undefined is a table that has none that can be read. */
  readonly listTags?: Replacement<Tags>
}

type Replacement<Answer> = (
  table: string,
  answer: Answer | undefined,
) => Answer | undefined | Promise<Answer | undefined>

/** The model's port with other calls. */
export function override({ dynamoDb, tables }: Model, { write, describe, listTags }: Overrides): DynamoDb {
  return withAnswers(
    dynamoDb,
    {
      ...(describe && {
        DescribeTable: async (input) => {
          const answer = answerFor('DescribeTable', input, tables()) as { Table: TableDescription } | undefined
          const Table = await describe(String(input.TableName), answer?.Table)
          return Table && { Table, $metadata: {} }
        },
      }),
      ...(listTags && {
        ListTagsOfResource: async (input) => {
          const answer = answerFor('ListTagsOfResource', input, tables()) as { Tags: Tags } | undefined
          const found = await listTags(String(input.ResourceArn).split('/')[1] ?? '', answer?.Tags)
          return found && { Tags: [...found], $metadata: {} }
        },
      }),
    },
    write &&
      ((request, sendBefore = Number.POSITIVE_INFINITY) =>
        write(nameStep(stepOf(request)), () => dynamoDb.write(request, sendBefore), sendBefore)),
  )
}

export interface Situation {
  readonly target?: Target
  readonly definitions?: readonly TableDefinition[]
  readonly observed?: ObservedTables
  readonly policy?: Policy
  /** When the read began that the plan relies on. Default: now. */
  readonly readAt?: number
}

export interface Applied {
  readonly outcome: Outcome
  /** One for each step, such as `create "users": applied`. */
  readonly results: readonly string[]
  readonly plan: Plan
  readonly model: Model
  readonly run: FakeRun
}

/** Plans for the observed tables and applies the plan. By default, no table exists. */
export async function apply(
  situation: Situation,
  overrides: (model: Model, run: FakeRun) => Overrides = () => ({}),
): Promise<Applied> {
  const { target = aTarget(), definitions = theTables(), observed = new Map(), policy = strictPolicy } = situation
  const model = modelDynamoDb(observed)
  const run = aRun()
  const { readAt = run.clock.now() } = situation
  const dynamoDb = override(model, overrides(model, run))
  const plan = planTables(target, definitions, observed, policy)
  const outcome = await applyPlan({ dynamoDb, target, definitions, observed, readAt, plan, waitForIndexes: true, run })
  const results = outcome.steps.map(({ step, result }) => `${nameStep(step)}: ${result.status}`)
  return { outcome, results, plan, model, run }
}

/** Tables that match their definitions, apart from the changes by name. */
export function observedAs(
  definitions: readonly TableDefinition[],
  changes: Readonly<Record<string, Partial<ReadyTable> & ValueChanges>> = {},
): ObservedTables {
  return new Map(definitions.map((definition) => [definition.name, ready(definition, changes[definition.name])]))
}

/** A call that DynamoDB did not accept, or did not answer. */
export function failure(
  name: string,
  { message = 'as AWS says', isOutcomeUnknown = false, httpStatusCode = 400, operation = 'UpdateTable' } = {},
): DynamoDbError {
  const cause = Object.assign(new Error(message), { name, $metadata: { httpStatusCode } })
  return new DynamoDbError(operation, 'users', cause, isOutcomeUnknown, tableArn(aTarget(), 'users'))
}

/** Another process has just written the tags. */
export const tagsAreLocked = failure('LimitExceededException', { message: 'Table tags are being updated' })

export const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
