/**
 * Any inputs, and any answers of AWS and GitHub, end in a correct run or an error with a remedy, and untrusted text never
 * becomes a command or markup. FUZZ_RUNS is the number of cases of a cheap property; with 6000 there are over 50,000 in all.
 */
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
} from '@aws-sdk/client-dynamodb'
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { jest } from '@jest/globals'
import { HttpResponse } from '@smithy/core/protocols'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import fc from 'fast-check'
import { is } from 'valibot'
import { parse } from 'yaml'
import { observeTables } from '../../src/apply/observe.ts'
import { clientOptionsFor } from '../../src/aws/connections.ts'
import type { CredentialPorts } from '../../src/aws/credentials.ts'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { requestIdToken } from '../../src/aws/oidc-token.ts'
import { openSession } from '../../src/aws/session.ts'
import { renderError } from '../../src/errors/description.ts'
import { InvalidInputsError, RemedyError, StoppedError } from '../../src/errors/errors.ts'
import { connectGitHub } from '../../src/github/api.ts'
import { escapeLine } from '../../src/github/log.ts'
import { KnownSecrets } from '../../src/github/redaction.ts'
import { gitHubRunner } from '../../src/github/runner.ts'
import { type InputSource, readInputs } from '../../src/inputs/inputs.ts'
import { findUnknownInputs } from '../../src/inputs/unknown-inputs.ts'
import { defaultTimeOuts, openNetwork } from '../../src/network/network.ts'
import { readPlanDocument, renderPlanDocument, reviewable } from '../../src/plan/document.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { holdToReview, readReview } from '../../src/plan/review.ts'
import { longestComment, markComment, renderComment } from '../../src/report/comment.ts'
import { renderSummary } from '../../src/report/page.ts'
import { renderPlanLines } from '../../src/report/plan-lines.ts'
import type { RunResult } from '../../src/report/result.ts'
import { properties } from '../../src/table/properties/index.ts'
import type { ObservedTable } from '../../src/table/table.ts'
import { startFaultRuns } from '../faults/matrix.ts'
import { scenarios } from '../faults/scenarios.ts'
import { aTable, aTarget, provisioned, ready, sourceOf, strictPolicy, tagged, theTables } from '../support/builders.ts'
import { virtualClock } from '../support/clock.ts'
import { aRun, type FakeRun } from '../support/fakes.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'
import { parseCommands, parseOutputs } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'
import { world } from '../support/worlds.ts'
import { anyJson, mutated, near, oddError, untrustedText } from './arbitraries.ts'

const runs = Number(process.env.FUZZ_RUNS || 100)
let asked = 0
let cases = 0
let crashes = 0

/** Checks a property and counts its cases. `share` is less than 1 where a case takes longer. */
function holds<Value>(name: string, arbitrary: fc.Arbitrary<Value>, check: (value: Value) => unknown, share = 1): void {
  it(name, async () => {
    const numRuns = Math.max(10, Math.ceil(runs * share))
    asked += numRuns
    let done = 0
    try {
      await fc.assert(
        fc.asyncProperty(arbitrary, async (value) => {
          done += 1
          await check(value)
        }),
        { numRuns },
      )
      // Jest fails the test for an unhandled rejection, which Node reports after a turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve))
    } catch (error) {
      crashes += 1
      throw error
    } finally {
      cases += done
    }
  }, 600_000)
}

type Bounded = ReturnType<typeof boundedRun>

/** A run in virtual time that is aborted after 60 waits and calls. */
function boundedRun(): FakeRun & { readonly tick: () => number } {
  const clock = virtualClock()
  const run = aRun(clock)
  let ticks = 0
  const tick = () => {
    ticks += 1
    if (ticks > 60) run.abortNow(new StoppedError('The time is over.', 'Run again.'))
    if (ticks > 500) throw new Error('The run does not end')
    return ticks
  }
  const sleep = async (milliseconds: number, signal: AbortSignal) => {
    tick()
    await clock.sleep(milliseconds, signal)
  }
  return { ...run, clock: { ...clock, sleep }, tick }
}

/** Returns the result; undefined for an error, which must have a remedy. */
async function withoutRemedyError<Result>(promise: Promise<Result>): Promise<Result | undefined> {
  try {
    return await promise
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error
    assertLogIsHarmless(renderError(error).split('\n'))
    return undefined
  }
}

/** Characters that are invisible or change how others are shown. */
const hidden = /[\p{C}\p{DI}\p{Me}\u2800]|(?! )\p{Z}|\p{M}{5}/u

function assertLogIsHarmless(lines: readonly string[]): void {
  const log = lines.map(escapeLine)
  expect(parseCommands(log.join('\n'))).toEqual([])
  for (const line of log) expect(line).not.toMatch(hidden)
}

// An alert is a quote whose icon GitHub draws.
const alertElements = ['blockquote', 'svg', 'path']
const ourElements = ['h3', 'p', 'strong', 'code', 'pre', 'ul', 'li', 'details', 'summary', 'wbr', ...alertElements]
const tableElements = ['table', 'thead', 'tbody', 'tr', 'th', 'td']

/** The list of tables, or a table, in the console of a partition. */
const consoleUrl =
  /^https:\/\/([a-z0-9-]+)\.console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com|amazonaws-eusc\.eu)\/dynamodbv2\/home\?region=\1#(?:tables|table\?name=[\w.-]+)$/

/** @param links the allowed links, apart from those to the console */
function assertMarkdownIsHarmless(markdown: string, links: readonly string[]): void {
  const { elements, links: found, text } = renderAsGitHub(markdown)
  const allowed = [...ourElements, ...tableElements, ...(found.length > 0 ? ['a'] : [])]
  expect(elements.filter((each) => !allowed.includes(each))).toEqual([])
  expect(found.filter((each) => !links.includes(each) && !consoleUrl.test(each))).toEqual([])
  // The icon of a row may end with the selector that makes it an emoji.
  const rowsWithoutIcons = markdown.replace(/^\| (?:✏|🗑|⚠)\ufe0f \|/gmu, '')
  expect(rowsWithoutIcons.replaceAll('\n', '')).not.toMatch(hidden)
  // Half of a surrogate pair cannot be shown.
  expect(markdown).not.toMatch(/&#5(?:529[6-9]|5[3-9]\d\d|6\d{3}|7[0-2]\d\d|73[0-3]\d|734[0-3]);/)
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u)
}

const runUrl = 'https://github.com/acme/app/actions/runs/7'

/** Checks everything that the action shows of a result. */
function assertShownHarmlessly(result: RunResult): void {
  if (result.plan !== undefined) assertLogIsHarmless(renderPlanLines(result.plan))
  assertMarkdownIsHarmless(
    renderSummary(result, (text) => text, { runUrl }),
    [runUrl],
  )
  const mark = markComment(result.target ?? aTarget(), '')
  const comment = renderComment({ result, mark, runUrl, redact: (text) => text })
  expect(comment.length).toBeLessThanOrEqual(longestComment)
  expect(comment.startsWith(`${mark}\n`)).toBe(true)
  assertMarkdownIsHarmless(comment, [runUrl])
}

const provisioner = 'arn:aws:iam::222222222222:role/provisioner'
const hub = 'arn:aws:iam::111111111111:role/hub'
const { inputs: declared } = parse(readFileSync(new URL('../../action.yml', import.meta.url), 'utf8')) as {
  inputs: Record<string, { default?: string }>
}
const names = Object.keys(declared)
const plan = planTables(aTarget(), theTables(), new Map(), strictPolicy)
const document = renderPlanDocument(plan)

describe('inputs', () => {
  /** Valid and almost valid values of some inputs. */
  const samples: Readonly<Record<string, readonly string[]>> = {
    command: ['apply', 'plan', 'verify', 'destroy'],
    environment: ['dev', 'production', 'Ünïted 1'],
    'production-environments': ['live,Main', 'a\nb'],
    'aws-region': ['ap-south-1', 'cn-north-1', 'us-gov-west-1'],
    'role-to-assume': [provisioner, `${hub}\n${provisioner}`, 'arn:aws-cn:iam::222222222222:role/path/to/x'],
    'credential-source': ['auto', 'oidc', 'environment'],
    'role-external-id': ['tenant-tables', 'x'],
    'role-duration-seconds': ['900', '43200', '3601', '1e3', '0x384'],
    'role-session-name': ['me@x'],
    audience: ['sts.amazonaws.com', 'https://x/y?z'],
    'allowed-account-ids': ['222222222222', '111111111111,222222222222'],
    'table-name-prefix': ['x-', 'a.b_c'],
    tags: ['team=a', 'a=b=c\n b = c', 'aws:x=y', '__proto__=x'],
    'timeout-seconds': ['1', '21600', '999999999'],
    allow: ['remove-deletion-protection', 'change-environment\nremove-point-in-time-recovery'],
    'expected-plan': [document, 'plan.json'],
    'expected-plan-digest': ['a'.repeat(64)],
    'github-token': ['ghs_x'],
    'confirm-destroy': ['tenant\nusers', 'x-tenant'],
  }
  const valuesOf = (name: string) =>
    fc.oneof({ weight: 2, arbitrary: near(samples[name] ?? ['auto', 'true', 'false']) }, untrustedText)
  const variables = fc.record(
    {
      AWS_REGION: valuesOf('aws-region'),
      AWS_DEFAULT_REGION: valuesOf('aws-region'),
      AWS_ACCESS_KEY_ID: untrustedText,
      AWS_SECRET_ACCESS_KEY: untrustedText,
      ACTIONS_ID_TOKEN_REQUEST_URL: untrustedText,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: untrustedText,
      GITHUB_RUN_ID: untrustedText,
      GITHUB_REPOSITORY: untrustedText,
    },
    { requiredKeys: [] },
  )

  /** The problems of the inputs; none where they are valid. */
  async function problemsOf(source: InputSource): Promise<readonly string[]> {
    try {
      const inputs = readInputs(source)
      expect(inputs.roleSessionName).toMatch(/^[\w+=,.@-]{2,64}$/)
      expect(inputs.region).toMatch(/^[a-z0-9-]+$/)
      await readReview(inputs, async () => document)
      return []
    } catch (error) {
      if (!(error instanceof InvalidInputsError)) throw error
      expect(error.problems.length).toBeGreaterThan(0)
      assertLogIsHarmless(renderError(error).split('\n'))
      return error.problems
    }
  }

  type Given = Readonly<Record<string, string>>
  const one = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), valuesOf(name)))

  holds(
    'report a single wrong input by its name',
    one,
    async ([name, value]) => {
      for (const problem of await problemsOf(sourceOf({ [name]: value }))) expect(problem).toContain(name)
    },
    2,
  )

  const regionVariables = ['AWS_REGION', 'AWS_DEFAULT_REGION']
  const keyVariables = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
  const all = fc.record(Object.fromEntries(names.map((name) => [name, valuesOf(name)])), { requiredKeys: [] })

  holds(
    'are read, or each problem begins with the name of an input or variable',
    fc.tuple(all as fc.Arbitrary<Given>, variables as fc.Arbitrary<Given>),
    async ([given, rest]) => {
      for (const problem of await problemsOf(sourceOf(given, rest))) {
        const begin = /^[\w-]+/.exec(problem)?.[0] ?? ''
        expect([...names, ...regionVariables, ...keyVariables, 'ACTIONS_ID_TOKEN_REQUEST_URL']).toContain(begin)
      }
      assertMarkdownIsHarmless(
        renderSummary({ command: 'apply', error: await errorOf(sourceOf(given, rest)) }, (text) => text, {}),
        [],
      )
    },
  )

  holds(
    'with unknown names are explained in harmless text',
    fc.dictionary(fc.oneof(untrustedText, near(['region', 'enviroment', 'role_to_assume'])), untrustedText),
    (given) => {
      const variables = Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name}`, value]))
      const { problems, warnings } = findUnknownInputs(variables)
      for (const message of [...problems, ...warnings]) assertLogIsHarmless([message])
      assertMarkdownIsHarmless(
        renderSummary({ command: 'apply', error: new InvalidInputsError(problems) }, (text) => text, {}),
        [],
      )
    },
  )

  async function errorOf(source: InputSource): Promise<unknown> {
    const problems = await problemsOf(source)
    return problems.length === 0 ? undefined : new InvalidInputsError(problems)
  }
})

describe('a reviewed plan', () => {
  holds(
    'of any text is rejected with a problem',
    fc.oneof(untrustedText, anyJson.map(textOf)),
    (text) => {
      expect(readPlanDocument(text)).toEqual(expect.any(String))
    },
    2,
  )

  const changed = world.chain(({ target, desired, observed, policy }) => {
    const made = planTables(target, desired, observed, policy)
    return fc.tuple(fc.constant(made), mutated(JSON.parse(renderPlanDocument(made))))
  })

  holds('that was edited never has other steps, tables or target', changed, ([made, json]) => {
    const read = readPlanDocument(textOf(json))
    if (typeof read === 'string') return assertLogIsHarmless([read])
    const expected = reviewable(made)
    const bare = (steps: typeof expected.steps) => steps.map(({ description: _, ...step }) => step)
    expect({ ...read, steps: bare(read.steps) }).toEqual({ ...expected, steps: bare(expected.steps) })
    // The description is shown, but is not part of the digest.
    assertShownHarmlessly({ command: 'apply', plan: holdToReview(plan, { plan: read }) })
  })

  const depth = fc.integer({ min: 1, max: 100_000 })
  holds(
    'of any depth is rejected without a crash',
    depth,
    (deep) => {
      const nested = `${'['.repeat(deep)}${']'.repeat(deep)}`
      const step = `{"kind":"delete","table":"users","description":"x","risk":"destructive","x":${nested}}`
      expect(typeof readPlanDocument(document.replace(/"steps":\[/, `$&${step},`))).toBe('string')
    },
    0.05,
  )
})

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined'
}

/** An index that projects an attribute, which may have any name. */
function anIndex(IndexName: string, attribute = 'name') {
  return {
    IndexName,
    KeySchema: [{ AttributeName: 'user_id', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [attribute.slice(0, 255)] },
    IndexStatus: 'ACTIVE',
  }
}

const arn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'
const tableAnswer = {
  Table: {
    TableName: 'users',
    TableArn: arn,
    TableId: 'id',
    TableStatus: 'ACTIVE',
    KeySchema: [
      { AttributeName: 'tenant_id', KeyType: 'HASH' },
      { AttributeName: 'user_id', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'tenant_id', AttributeType: 'S' },
      { AttributeName: 'user_id', AttributeType: 'S' },
    ],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    OnDemandThroughput: { MaxReadRequestUnits: 5, MaxWriteRequestUnits: -1 },
    DeletionProtectionEnabled: true,
    GlobalSecondaryIndexes: [anIndex('by-user')],
    LocalSecondaryIndexes: [anIndex('local')],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    LatestStreamArn: `${arn}/stream/x`,
    TableClassSummary: { TableClass: 'STANDARD' },
    SSEDescription: { Status: 'ENABLED', KMSMasterKeyArn: 'arn:aws:kms:x' },
    Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }],
  },
}
const backupsAnswer = {
  ContinuousBackupsDescription: {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED', RecoveryPeriodInDays: 7 },
  },
}
const timeToLiveAnswer = { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' } }
const tagsAnswer = {
  Tags: [
    { Key: 'team', Value: 'a' },
    { Key: 'tenant-tables:environment', Value: 'dev' },
  ],
  NextToken: 'n',
}

/** Answers that DynamoDB could give. Their texts may be anything, because users of the account choose most of them. */
const possibleAnswers = fc
  .record({
    texts: fc.array(
      untrustedText.filter((text) => text !== ''),
      { minLength: 9, maxLength: 9 },
    ),
    isOurs: fc.boolean(),
  })
  .map(({ texts: [attribute, viewType, tableClass, key, region, status, id, name, value], isOurs }) => ({
    table: {
      value: {
        Table: {
          ...tableAnswer.Table,
          TableId: id,
          GlobalSecondaryIndexes: [anIndex('by-user', attribute)],
          StreamSpecification: { StreamEnabled: true, StreamViewType: viewType },
          TableClassSummary: { TableClass: tableClass },
          SSEDescription: { Status: 'ENABLED', KMSMasterKeyArn: key },
          Replicas: [{ RegionName: region, ReplicaStatus: status }],
        },
      },
    },
    backups: { value: backupsAnswer },
    timeToLive: { value: timeToLiveAnswer },
    tags: {
      value: {
        Tags: [
          { Key: name, Value: value },
          { Key: 'tenant-tables:environment', Value: 'dev' },
          ...(isOurs ? [{ Key: 'tenant-tables:managed-by', Value: 'tenant-tables' }] : []),
        ],
      },
    },
  }))

/** The table of users, with every property declared. */
const everything = aTable({
  LocalSecondaryIndexes: [],
  TableClass: 'STANDARD',
  OnDemandThroughput: { MaxReadRequestUnits: 10 },
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  SSESpecification: { SSEEnabled: true, KMSMasterKeyId: 'arn:aws:kms:y', KeyManager: 'CUSTOMER' },
  TimeToLiveSpecification: { Enabled: true, AttributeName: 'ends_at' },
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-role',
      KeySchema: [{ AttributeName: 'role', AttributeType: 'S', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
})

/**
 * Reads the table of users through the port, and shows what would be planned.
 *
 * @param saidAbsent whether DynamoDB answered that the table does not exist
 */
async function observeAndShow(requestHandler: NodeHttpHandler, run: Bounded, saidAbsent: boolean): Promise<void> {
  const clientOptions = clientOptionsFor('ap-south-1', requestHandler)
  const connect = await loadDynamoDb({ clientOptions, waiting: Promise.resolve(), openEarly: () => undefined }, 6, run)
  const expiration = new Date(Date.UTC(2100, 0))
  const target = aTarget()
  const dynamoDb = connect(async () => ({ accessKeyId: 'a', secretAccessKey: 'b', expiration }), target)
  const definitions = [everything]
  const observation = await withoutRemedyError(observeTables(dynamoDb, target, definitions, run))
  expect(run.tick()).toBeLessThan(500)
  if (observation === undefined) return
  const { observed } = observation
  for (const table of observed.values()) {
    if (table.status === 'absent') expect(saidAbsent).toBe(true)
    if (table.status !== 'ready') continue
    for (const { name, schema } of properties) expect([name, is(schema, table.properties[name])]).toEqual([name, true])
  }
  const made = planTables(target, definitions, observed, strictPolicy)
  const read = readPlanDocument(renderPlanDocument(made))
  // A refused plan cannot be reviewed.
  expect(read).toEqual(made.refusals.length === 0 ? reviewable(made) : expect.stringContaining('was refused'))
  assertShownHarmlessly({ command: 'plan', target, plan: made })
}

describe('DynamoDB', () => {
  const answer = (real: unknown, by?: fc.Arbitrary<unknown>) =>
    fc.oneof(
      { weight: 6, arbitrary: mutated(real, by).map((value) => ({ value })) },
      { weight: 1, arbitrary: oddError.map((error) => ({ error })) },
    )
  const answers = (by?: fc.Arbitrary<unknown>) =>
    fc.oneof<
      fc.Arbitrary<
        Readonly<Record<'table' | 'backups' | 'timeToLive' | 'tags', { value?: unknown; error?: unknown }>>
      >[]
    >(
      fc.record({
        table: answer(tableAnswer, by),
        backups: answer(backupsAnswer, by),
        timeToLive: answer(timeToLiveAnswer, by),
        tags: answer(tagsAnswer, by),
      }),
      possibleAnswers,
    )

  describe('as returned by the SDK', () => {
    let aws: ReturnType<typeof mockClient>
    beforeAll(() => {
      aws = mockClient(DynamoDBClient)
    })
    afterAll(() => aws.restore())
    const give = (given: { readonly value?: unknown; readonly error?: unknown }, run: Bounded) => async () => {
      run.tick()
      if ('error' in given) throw given.error
      return given.value as object
    }
    // The SDK returns an object for every answer. Its members may be anything.
    const values = fc.oneof(anyJson, fc.constant(undefined))

    holds(
      'gives a plan that can be shown, or an error with a remedy',
      answers(values),
      async ({ table, backups, timeToLive, tags }) => {
        const run = boundedRun()
        aws.reset()
        aws.on(DescribeTableCommand).callsFake(give(asObject(table), run))
        aws.on(DescribeContinuousBackupsCommand).callsFake(give(asObject(backups), run))
        aws.on(DescribeTimeToLiveCommand).callsFake(give(asObject(timeToLive), run))
        aws.on(ListTagsOfResourceCommand).callsFake(give(asObject(tags), run))
        await observeAndShow(new NodeHttpHandler(), run, 'error' in table && isAbsence(table.error))
      },
      0.25,
    )
  })

  describe('as sent over the network', () => {
    const body = fc.oneof({ weight: 6, arbitrary: answers().map((given) => JSON.stringify(given)) }, fc.constant('{}'))
    const status = fc.constantFrom(200, 200, 200, 200, 204, 301, 400, 403, 413, 429, 500, 503)
    const cut = fc.constantFrom(1, 1, 1, 1, 0.5, 0)
    const type = fc.constantFrom('application/x-amz-json-1.0', 'text/html', '')

    holds(
      'gives a plan that can be shown, or an error with a remedy',
      fc.record({ body, status, cut, type }),
      async (given) => {
        const parts = JSON.parse(given.body) as Record<
          string,
          { value?: unknown; error?: { name?: unknown; message?: unknown } }
        >
        const part = {
          DescribeTable: 'table',
          DescribeContinuousBackups: 'backups',
          DescribeTimeToLive: 'timeToLive',
          ListTagsOfResource: 'tags',
        }
        const run = boundedRun()
        const requestHandler = inMemory((headers) => {
          run.tick()
          const operation = headers['x-amz-target']?.split('.')[1] as keyof typeof part
          const { value, error } = parts[part[operation]] ?? {}
          const content = error === undefined ? value : { __type: error?.name, message: error?.message }
          const text = textOf(content)
          const statusCode = error !== undefined && given.status === 200 ? 400 : given.status
          return { statusCode, type: given.type, body: text.slice(0, text.length * given.cut) }
        })
        await observeAndShow(requestHandler, run, isAbsence(parts.table?.error))
      },
      0.25,
    )
  })
})

describe('a run with calls that something other than AWS answers', () => {
  let faultRuns: Awaited<ReturnType<typeof startFaultRuns>>
  beforeAll(async () => {
    faultRuns = await startFaultRuns()
  })
  afterAll(() => faultRuns.close())

  const value = { tenant_id: { S: 'a' }, user_id: { S: 'b' } }
  const error = { __type: 'com.amazonaws.dynamodb.v20120810#ResourceInUseException', message: 'x' }
  const answersOfDynamoDb = [
    ...[tableAnswer, { TableDescription: tableAnswer.Table }, backupsAnswer, tagsAnswer],
    ...[{ Item: value }, { Items: [value], Count: 1, LastEvaluatedKey: value }, error, { value: 'a.b.c' }],
  ]
  const answersOfSts = ['AssumeRole', 'AssumeRoleWithWebIdentity'].map(
    (name) =>
      `<${name}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${name}Result><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/x/y</Arn></AssumedRoleUser></${name}Result></${name}Response>`,
  )
  const body = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom<unknown>(...answersOfDynamoDb).chain((each) => mutated(each).map(textOf)),
    },
    { weight: 2, arbitrary: near(answersOfSts) },
    { weight: 1, arbitrary: untrustedText },
  )

  holds(
    'succeeds or fails with a remedy, the next run converges, and nothing is lost or leaked',
    fc.record({
      scenario: fc.constantFrom(...scenarios),
      call: fc.integer({ min: 1, max: 30 }),
      times: fc.constantFrom(1, 1, 1, 2, 6),
      status: fc.constantFrom(200, 200, 200, 200, 400, 403, 404, 413, 500),
      body,
    }),
    async ({ scenario, call, ...fault }) => {
      const callFault = { name: 'answered by something else', fault: { kind: 'answer' as const, ...fault } }
      const { first, diverged, lost, leaked } = await faultRuns.runCase({ scenario, callFault, call })
      expect({ diverged, lost, leaked }).toEqual({ diverged: [], lost: [], leaked: [] })
      const shown = [...first.errors, ...first.warnings, ...first.notices, ...first.lines].flatMap((each) =>
        each.split('\n'),
      )
      assertLogIsHarmless(shown)
      assertMarkdownIsHarmless(first.summary, [])
      if (first.exitCode === 0) return
      expect(first.errors.join('\n')).toContain('To fix: ')
      // The message of a library follows that of the action.
      for (const each of first.errors) expect(each).not.toMatch(/^\w*Error: /)
    },
    0.1,
  )
})

function isAbsence(error: unknown): boolean {
  return error instanceof Object && (error as Error).name === 'ResourceNotFoundException'
}

function asObject(given: { readonly value?: unknown; readonly error?: unknown }) {
  if ('error' in given) return given
  return { value: typeof given.value === 'object' && given.value !== null ? given.value : {} }
}

interface Answer {
  readonly statusCode: number
  readonly type: string
  readonly body: string
}

/** Answers requests without a network. */
function inMemory(respond: (headers: Readonly<Record<string, string>>, body: string) => Answer): NodeHttpHandler {
  const handler = new NodeHttpHandler()
  const handle = async (request: { headers: Record<string, string>; body?: unknown }) => {
    const { statusCode, type, body } = respond(
      request.headers,
      // Buffer.from would call valueOf of the SDK's body, of which the SDK warns.
      new TextDecoder().decode(
        typeof request.body === 'string' ? Buffer.from(request.body) : (request.body as Uint8Array),
      ),
    )
    const headers = { 'content-type': type }
    return { response: new HttpResponse({ statusCode, headers, body: new Uint8Array(Buffer.from(body)) }) }
  }
  return Object.assign(handler, { handle })
}

describe('STS', () => {
  const sessionOf = (account: string) => ({
    Credentials: {
      AccessKeyId: 'AKIA',
      SecretAccessKey: 'secret',
      SessionToken: 'token',
      Expiration: new Date(Date.UTC(2026, 0, 1, 1)),
    },
    AssumedRoleUser: { Arn: `arn:aws:sts::${account}:assumed-role/x/session`, AssumedRoleId: 'x' },
  })
  const inputsOf = (chain: readonly string[]): Record<string, string> => ({
    'role-to-assume': chain.join('\n'),
    'allowed-account-ids': '222222222222',
  })
  const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x' }
  const way = fc.record({
    chain: fc.constantFrom([], [provisioner], [hub, provisioner]),
    byToken: fc.boolean(),
    jwt: fc.oneof(
      untrustedText,
      mutated({ iss: 'x', sub: 'repo:acme/app', aud: 'y', job_workflow_ref: 'z' }).map(
        (claims) => `h.${Buffer.from(textOf(claims)).toString('base64url')}.s`,
      ),
    ),
  })

  async function open(
    { chain, byToken, jwt }: { chain: readonly string[]; byToken: boolean; jwt: string },
    sts: () => STSClient,
  ) {
    const inputs = readInputs(sourceOf(inputsOf(chain), byToken ? token : {}))
    const run = boundedRun()
    const ports: CredentialPorts = {
      connectSts: sts,
      fetchIdToken: async () => jwt,
      accessKey: () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
      defaultChain: async () => ({ accessKeyId: 'c', secretAccessKey: 'd' }),
      mask: (secret) => expect(typeof secret).toBe('string'),
    }
    const session = await withoutRemedyError(openSession(inputs, ports, run))
    assertLogIsHarmless(run.lines)
    if (session === undefined) return
    expect(session.awsAccount.account).toBe('222222222222')
    const { accessKeyId, secretAccessKey } = await session.credentials()
    for (const each of [accessKeyId, secretAccessKey]) expect(each).toMatch(/./s)
  }

  describe('as returned by the SDK', () => {
    let aws: ReturnType<typeof mockClient>
    beforeAll(() => {
      aws = mockClient(STSClient)
    })
    afterAll(() => aws.restore())
    const give = (given: object) => async () => {
      if ('error' in given) throw given.error
      return (given as { value: object }).value
    }
    // XML has no null and no lists. An element may be empty, missing or nested.
    const member = fc.oneof(fc.constant(undefined), untrustedText, fc.constantFrom('', 'arn:aws:sts::1:x'))
    const answerOf = (real: unknown) =>
      fc.oneof(
        { weight: 4, arbitrary: mutated(real, member).map((value) => asObject({ value })) },
        { weight: 1, arbitrary: oddError.map((error) => ({ error })) },
      )
    const answers = fc.record({
      web: fc.oneof(answerOf(sessionOf('111111111111')), answerOf(sessionOf('222222222222'))),
      role: answerOf(sessionOf('222222222222')),
      identity: answerOf({ Arn: 'arn:aws:iam::222222222222:user/x', Account: '222222222222' }),
    })

    holds(
      'gives a session in the allowed account, or an error with a remedy',
      fc.tuple(way, answers),
      async ([through, given]) => {
        aws.reset()
        aws.on(AssumeRoleWithWebIdentityCommand).callsFake(give(given.web))
        aws.on(AssumeRoleCommand).callsFake(give(given.role))
        aws.on(GetCallerIdentityCommand).callsFake(give(given.identity))
        await open(through, () => new STSClient({ region: 'ap-south-1' }))
      },
      0.5,
    )
  })

  describe('as sent over the network', () => {
    const element = (operation: string, account: string) =>
      `<${operation}Response><${operation}Result><Arn>arn:aws:iam::222222222222:user/x</Arn><Credentials><AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::${account}:assumed-role/x/s</Arn></AssumedRoleUser></${operation}Result></${operation}Response>`
    const error =
      '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No</Message></Error></ErrorResponse>'
    const account = fc.constantFrom('111111111111', '222222222222')
    const status = fc.constantFrom(200, 200, 200, 400, 403, 503)
    const edit = fc.tuple(
      fc.nat({ max: 600 }),
      fc.oneof(
        fc.constantFrom('', '<a/>', '<Arn/>', '&', '&#0;', '<![CDATA[', '<!DOCTYPE a [<!ENTITY b "c">]>'),
        untrustedText,
      ),
      fc.nat({ max: 20 }),
    )
    const answer = fc.record({ account, status, edits: fc.array(edit, { maxLength: 3 }), isError: fc.boolean() })

    holds(
      'gives a session in the allowed account, or an error with a remedy',
      fc.tuple(way, answer),
      async ([through, given]) => {
        const requestHandler = inMemory((_, body) => {
          const operation = new URLSearchParams(body).get('Action') ?? ''
          const text = given.isError && given.status !== 200 ? error : element(operation, given.account)
          const changed = given.edits.reduce(
            (xml, [at, put, drop]) => xml.slice(0, at) + put + xml.slice(at + drop),
            text,
          )
          return { statusCode: given.status, type: 'text/xml', body: changed }
        })
        const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
        await open(through, () => new STSClient({ region: 'ap-south-1', requestHandler, maxAttempts: 1, credentials }))
      },
      0.25,
    )
  })
})

/** A server on this machine, whose answer each case sets. */
function localServer() {
  let respond = (_: ServerResponse) => undefined as unknown
  const server = createServer((_, response) => void respond(response))
  return {
    start: async () => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    answer: (send: (response: ServerResponse) => unknown) => {
      respond = send
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const signal = new AbortController().signal

describe('the OIDC token endpoint', () => {
  const server = localServer()
  const { requestHandler } = openNetwork(() => 'a setting', aRun(), defaultTimeOuts)
  let environment: Readonly<Record<string, string>>
  beforeAll(async () => {
    environment = { ACTIONS_ID_TOKEN_REQUEST_URL: await server.start(), ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x' }
  })
  afterAll(() => {
    requestHandler.destroy()
    server.stop()
  })
  const body = fc.oneof(mutated({ value: 'a.b.c', count: 3 }).map(textOf), untrustedText)
  const status = fc.constantFrom(200, 200, 200, 204, 302, 401, 404, 500)

  holds(
    'gives a token, or an error without the content of the answer',
    fc.tuple(body, status, untrustedText),
    async ([text, code, audience]) => {
      server.answer((response) => response.writeHead(code).end(text))
      let token: unknown
      try {
        token = await requestIdToken(requestHandler, environment, audience, signal)
      } catch (error) {
        if (!(error instanceof RemedyError)) expect(error).toMatchObject({ name: 'IdTokenError' })
        expect(renderError(error)).toMatch(/^(?:IdTokenError: )?GitHub answered the request for the job's OIDC token/)
        return
      }
      expect([typeof token, code]).toEqual(['string', 200])
      expect(token).not.toBe('')
    },
    0.25,
  )
})

describe('GitHub', () => {
  const server = localServer()
  let apiUrl: string
  beforeAll(async () => {
    apiUrl = await server.start()
    for (const level of ['warn', 'error', 'info', 'debug'] as const) {
      jest.spyOn(console, level).mockImplementation((...said) => void pastOurLog.push(said.join(' ')))
    }
  })
  afterAll(() => {
    jest.restoreAllMocks()
    server.stop()
  })
  // Octokit writes answers of GitHub to stderr, which the runner obeys too.
  const pastOurLog: string[] = []
  const mark = '<!-- tenant-tables 0 -->'
  const user = { login: 'github-actions[bot]', type: 'Bot' }
  const comment = { id: 5, body: `${mark} one`, user, html_url: 'https://github.com/x' }
  const own = { repo: { full_name: 'acme/app' } }
  const pulls = [
    { number: 7, state: 'open', merged_at: null, merge_commit_sha: 't', head: { sha: 'c' }, base: own },
    {
      number: 8,
      state: 'closed',
      merged_at: '2026-01-01T00:00:00Z',
      merge_commit_sha: 'c',
      head: { sha: 'h' },
      base: own,
    },
  ]
  const real = fc.constantFrom<unknown>({ data: { viewer: user } }, [comment], [], comment, pulls, {
    message: 'x',
    errors: [],
  })
  const body = fc.oneof({ weight: 8, arbitrary: real.chain((each) => mutated(each)).map(textOf) }, untrustedText)
  const headers = fc.record(
    {
      'content-type': fc.constantFrom('application/json', 'application/json; charset=x', 'text/html', 'x/y'),
      link: fc.constantFrom('<x>; rel="next"', 'rel="next', ';'),
      'retry-after': fc.constantFrom('1', '-1', '1e999', 'x', '99999999999999'),
      'x-ratelimit-remaining': fc.constantFrom('0', 'x'),
      deprecation: fc.constantFrom('x', 'Sun, 01 Jan 2026'),
      sunset: fc.constantFrom('x', '##[add-mask]x'),
    },
    { requiredKeys: [] },
  )
  const status = fc.constantFrom(200, 200, 200, 200, 201, 204, 304, 400, 403, 404, 422, 429, 500, 502)
  const answers = fc.array(fc.record({ body, headers, status, cut: fc.constantFrom(false, false, false, true) }), {
    minLength: 1,
    maxLength: 4,
  })

  holds(
    'gives a written comment, or an error',
    fc.tuple(answers, fc.boolean()),
    async ([given, isSearch]) => {
      const run = boundedRun()
      // Requests are real, so virtual time must not pass while one is in progress.
      const sleep = async (_: number, stop: AbortSignal) => {
        if (stop.aborted) throw stop.reason
        requests += 1
      }
      let requests = 0
      server.answer((response) => {
        requests += 1
        if (requests > 30) run.abortNow(new StoppedError('The time is over.', 'Run again.'))
        const {
          body: text,
          headers: head,
          status: code,
          cut,
        } = given[requests % given.length] ?? { body: '', headers: {}, status: 200, cut: false }
        response.writeHead(code, head)
        if (!cut) return response.end(text)
        return response.write(text, () => response.destroy())
      })
      const timed = { ...run, clock: { ...run.clock, sleep } }
      let result: unknown
      try {
        const gitHub = await connectGitHub({ owner: 'acme', repository: 'app', token: 'x', apiUrl }, timed)
        result = isSearch
          ? await gitHub.findPullRequests('c', 'merged-or-open')
          : await gitHub.writeComment(7, mark, `${mark} two`)
      } catch (error) {
        if (!isError(error)) throw error
        expect(pastOurLog.splice(0)).toEqual([])
        assertLogIsHarmless([...renderError(error).split('\n'), ...run.lines])
        assertMarkdownIsHarmless(
          renderSummary({ command: 'plan', error }, (text) => text, {}),
          [],
        )
        return
      }
      expect(pastOurLog.splice(0)).toEqual([])
      if (isSearch) expect((result as unknown[]).every(Number.isInteger)).toBe(true)
      else expect(typeof result).toBe('string')
      expect(requests).toBeLessThan(100)
    },
    0.1,
  )
})

function isError(value: unknown): value is Error {
  return (
    Object.prototype.toString.call(value) === '[object Error]' ||
    value instanceof Error ||
    (value as Error)?.name === 'AbortError'
  )
}

describe('a page or log', () => {
  const tags = fc.array(fc.tuple(untrustedText, untrustedText), { maxLength: 6 }).map((pairs) => new Map(pairs))
  const thrown = fc.oneof(
    oddError,
    fc
      .tuple(untrustedText, untrustedText, oddError)
      .map(([message, remedy, cause]) => new RemedyError(message, remedy, { cause })),
    fc.tuple(untrustedText, untrustedText, untrustedText).map(([name, value, cause]) => {
      const statements = [JSON.stringify({ [name]: value })]
      return new RemedyError('It broke.', 'Fix it.', { facts: [{ name, value }], statements, cause: new Error(cause) })
    }),
    fc.array(untrustedText, { maxLength: 5 }).map((problems) => new InvalidInputsError(problems)),
  )
  const texts = fc.record({
    environment: untrustedText,
    prefix: untrustedText,
    wanted: tags,
    found: tags,
    unmanaged: fc.array(fc.record({ path: untrustedText, value: untrustedText }), { maxLength: 3 }),
    status: untrustedText,
    arn: untrustedText,
    keyName: untrustedText,
    isKeyRight: fc.boolean(),
    review: untrustedText.map((text) => `Held to ${text}`),
    fails: fc.boolean(),
    thrown,
  })

  holds(
    'with untrusted text starts no command and no markup',
    texts,
    (given) => {
      const environment = { name: given.environment, production: false }
      const [tenant, users] = theTables({ environment, tableNamePrefix: given.prefix, tags: given.wanted })
      const target = aTarget({ environment })
      const otherKey = [{ AttributeName: given.keyName, AttributeType: 'S', KeyType: 'HASH' }] as const
      const { found, unmanaged, arn } = given
      const values = { BillingMode: provisioned, Tags: tagged(Object.fromEntries(found)) } as const
      const key = given.isKeyRight ? {} : { KeySchema: otherKey }
      const observed = new Map<string, ObservedTable>([
        [users.name, ready(users, { ...values, ...key, unmanaged, arn })],
        [tenant.name, { status: 'unavailable' as const, tableStatus: given.status }],
      ])
      const made: Plan = planTables(target, [tenant, users], observed, {
        destroy: false,
        allow: ['change-environment'],
      })
      const steps = made.steps.map((step) => ({
        step,
        result: { status: 'failed' as const, isOutcomeUnknown: true, error: given.thrown },
      }))
      assertLogIsHarmless(renderError(given.thrown).split('\n'))
      assertShownHarmlessly({
        command: 'apply',
        target,
        plan: made,
        review: given.review,
        outcome: { steps, observed, ...(given.fails ? { error: given.thrown } : {}) },
      })
    },
    0.5,
  )

  holds(
    'with untrusted text in a code block keeps it to the letter',
    fc.tuple(untrustedText, untrustedText),
    (given) => {
      const [name = '', value = ''] = given.map(
        (text) => `x${text.replace(new RegExp(hidden, 'gu'), '').slice(0, 2000)}x`,
      )
      // The removed characters may have separated combining marks.
      if (hidden.test(name + value)) return
      const statement = { [name]: value }
      const options = { facts: [{ name, value }], statements: [JSON.stringify(statement)] }
      const result: RunResult = { command: 'apply', plan, error: new RemedyError('It broke.', 'Fix it.', options) }
      const comment = renderComment({ result, mark: markComment(aTarget(), ''), redact: (text) => text })
      for (const page of [comment, renderSummary(result, (text) => text, {})]) {
        const [fact, json] = renderAsGitHub(page).blocks.slice(0, 2)
        expect(fact).toBe(`${name}: ${value}`)
        expect(JSON.parse(json ?? '')).toEqual(statement)
      }
    },
    0.5,
  )

  const refusals = fc.record({ count: fc.integer({ min: 1, max: 1000 }), text: untrustedText })
  holds(
    'of any length is cut to fit into a comment',
    refusals,
    ({ count, text }) => {
      const refusal = { table: 'users', code: 'not-as-reviewed' as const, reason: text, remedy: text }
      const notices = Array.from({ length: count }, () => ({
        table: 'users',
        level: 'warning' as const,
        code: 'adopted' as const,
        message: text,
      }))
      const result: RunResult = {
        command: 'apply',
        target: aTarget({ environment: { name: text, production: true } }),
        plan: { ...plan, refusals: Array.from({ length: count }, () => refusal), notices },
        error: new InvalidInputsError(Array.from({ length: count }, () => text)),
      }
      const body = renderComment({ result, mark: markComment(aTarget(), text), runUrl, redact: (each) => each })
      expect(body.length).toBeLessThanOrEqual(longestComment)
    },
    0.02,
  )
})

describe('a secret', () => {
  const end = fc.constantFrom(...'abAF019/+=.é😀')
  const inner = fc.constantFrom(...'abcDEF0123456789/+=.-_%é会😀 ')
  /** A character as it is, or escaped so many times, with digits of one case or the other. */
  const spelling = fc.record({ times: fc.constantFrom(0, 0, 1, 1, 2, 3), isUpperCase: fc.boolean() })
  const character = fc.tuple(inner, spelling)
  const spelled = fc
    .tuple(fc.tuple(end, spelling), fc.array(character, { minLength: 6, maxLength: 40 }), fc.tuple(end, spelling))
    .map(([first, middle, last]) => [first, ...middle, last])

  function spell(text: string, times: number, isUpperCase: boolean): string {
    if (times === 0) return text
    const escaped = [...Buffer.from(text)].map((byte) => {
      const digits = byte.toString(16).padStart(2, '0')
      return `%${'25'.repeat(times - 1)}${isUpperCase ? digits.toUpperCase() : digits}`
    })
    return escaped.join('')
  }

  holds(
    'is hidden in every spelling, and every other byte stays as it is',
    fc.tuple(untrustedText, spelled, untrustedText),
    ([before, characters, after]) => {
      const secret = characters.map(([plain]) => plain).join('')
      const written = characters.map(([plain, { times, isUpperCase }]) => spell(plain, times, isUpperCase)).join('')
      const known = new KnownSecrets()
      known.add(secret, 'ORIGIN')
      const text = `${before}${written}${after}`
      const redacted = known.redact(text)
      expect(leaksIn(redacted, [secret])).toEqual([])
      expect(Buffer.from(redacted).toString()).toBe(Buffer.from(`${before}***${after}`).toString())
      expect(known.findOrigin(text)).toBe('ORIGIN')
      expect(known.redact(`${before}${after}`)).toBe(`${before}${after}`)
    },
    2,
  )
})

describe('the runner', () => {
  const write = process.stdout.write
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  const file = join(folder, 'output')
  let printed = ''
  const emitter = Object.assign(new EventEmitter(), {
    env: { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: file },
    exitCode: undefined,
    stdout: new EventEmitter(),
    stderr: new EventEmitter(),
  })
  const runner = gitHubRunner(emitter as unknown as NodeJS.Process)
  const before = process.env.GITHUB_OUTPUT
  beforeAll(async () => {
    process.env.GITHUB_OUTPUT = file
    await runner.load()
  })
  afterAll(() => {
    if (before === undefined) delete process.env.GITHUB_OUTPUT
    else process.env.GITHUB_OUTPUT = before
    rmSync(folder, { recursive: true })
  })

  const outputs = fc.dictionary(fc.constantFrom('plan', 'tables', 'changed', 'plan-file', 'aws-region'), untrustedText)
  holds(
    'passes each output to later steps unchanged',
    outputs,
    (given) => {
      writeFileSync(file, '')
      for (const [name, value] of Object.entries(given)) runner.setOutput(name, value)
      // Half of a surrogate pair has no form in UTF-8.
      const expected = Object.entries(given).map(([name, value]) => [name, Buffer.from(value).toString()])
      expect(parseOutputs(readFileSync(file, 'utf8'))).toEqual(Object.fromEntries(expected))
    },
    2,
  )

  const said = fc.record({ line: untrustedText, title: untrustedText, message: untrustedText })
  holds(
    'gets only the commands of the action',
    said,
    ({ line, title, message }) => {
      printed = ''
      process.stdout.write = ((chunk: unknown) => {
        printed += String(chunk)
        return true
      }) as typeof process.stdout.write
      try {
        runner.log.startGroup(title)
        runner.log.info(line)
        runner.log.endGroup()
        runner.notice('Tenant Tables', message)
        runner.warning('Tenant Tables', message)
        runner.fail('Tenant Tables', message)
      } finally {
        process.stdout.write = write
      }
      expect(parseCommands(printed).map(({ command }) => command)).toEqual([
        'group',
        'endgroup',
        'notice',
        'warning',
        'error',
      ])
    },
    2,
  )
})

it('every property has tried its number of cases', () => {
  console.log(`fuzz: ${cases} cases, ${crashes} crashes`)
  expect(cases).toBeGreaterThanOrEqual(asked)
  expect(crashes).toBe(0)
})
