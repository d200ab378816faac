/** The programs that are compared, and how each is started. Each manages the same two tables. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { isOnPath } from '../__tests__/support/moto.ts'
import { prepareStep, repository } from '../__tests__/support/runner.ts'
import { directRole, externalId, hubAccessKey, provisionerRole } from '../sandbox/two-accounts.ts'
import type { Contestant } from './measure.ts'
import { loginAlone, thisActionName } from './names.ts'

const region = 'ap-south-1'
const tables = ['tenant', 'users']

/** The first credentials of a job: GitHub's OIDC token, or the access key of a user of the hub account. */
export type Login = 'OIDC token' | 'access key'

/** The environment of all contestants. */
export interface Scene {
  /** Path of the node binary. */
  readonly node: string
  readonly login: Login
  /** Folder for the files of contestants. The caller removes it. */
  readonly folder: string
  /** Variables of the endpoints: `AWS_ENDPOINT_URL...`, and for an OIDC token `ACTIONS_ID_TOKEN_REQUEST_...`. */
  readonly endpoints: Readonly<Record<string, string>>
}

export const thisBundle = join(repository, 'dist', 'index.js')

/** This action, started as by the runner: `node FILE`, with every input of action.yml in the environment. */
export async function thisAction(
  scene: Scene,
  bundle = thisBundle,
  name: string = thisActionName,
): Promise<Contestant> {
  const inputs = { environment: 'dev', 'aws-region': region, ...roleInputs(scene) }
  return await action(scene, name, bundle, join(repository, 'action.yml'), inputs, keyVariables(scene))
}

/** aws-actions/configure-aws-credentials, a login alone, if CONFIGURE_AWS_CREDENTIALS names its dist/index.js. */
export async function configureAwsCredentials(scene: Scene): Promise<Contestant | undefined> {
  if (process.env.CONFIGURE_AWS_CREDENTIALS === undefined) return undefined
  const entry = resolve(process.env.CONFIGURE_AWS_CREDENTIALS)
  const actionFile = join(dirname(dirname(entry)), 'action.yml')
  if (!existsSync(entry) || !existsSync(actionFile)) {
    throw new Error(`CONFIGURE_AWS_CREDENTIALS must name dist/index.js in a checkout of the action, but is ${entry}`)
  }
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = keyVariables(scene)
  const inputs = {
    'aws-region': region,
    ...roleInputs(scene),
    'aws-access-key-id': AWS_ACCESS_KEY_ID,
    'aws-secret-access-key': AWS_SECRET_ACCESS_KEY,
    // No other contestant sends session tags.
    'role-skip-session-tagging': 'true',
  }
  const manifest = JSON.parse(await readFile(join(dirname(actionFile), 'package.json'), 'utf8'))
  return { ...(await action(scene, loginAlone, entry, actionFile, inputs, {})), version: manifest.version }
}

async function action(
  scene: Scene,
  name: string,
  entry: string,
  actionFile: string,
  inputs: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Promise<Contestant> {
  const environment = { ...scene.endpoints, ...variables, PATH: searchPath() }
  const step = await prepareStep({ inputs, environment, actionFile }, scene.folder)
  return { name, command: scene.node, words: [entry], environment: step.environment, folder: step.files.workspace }
}

export function floor(scene: Scene): Contestant {
  return script(scene, 'floor: node:http, signed by hand', 'floor.js')
}

export function naive(scene: Scene): Contestant {
  return script(scene, 'SDK script, in turn, stock waiter', 'naive.js')
}

function script(scene: Scene, name: string, file: string): Contestant {
  const inputs = roleInputs(scene)
  const words = [
    join(repository, 'lib', 'bench', file),
    inputs['role-to-assume'],
    inputs['role-external-id'],
    ...tables,
  ]
  return { name, command: scene.node, words, environment: scriptEnvironment(scene), folder: scene.folder }
}

/** AssumeRoleWithWebIdentity takes no external id, so an OIDC token assumes the role that needs none. */
function roleInputs({ login }: Scene) {
  return login === 'OIDC token'
    ? { 'role-to-assume': directRole, 'role-external-id': '' }
    : { 'role-to-assume': provisionerRole, 'role-external-id': externalId }
}

function keyVariables({ login }: Scene): Readonly<Record<string, string>> {
  return login === 'OIDC token'
    ? {}
    : { AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId, AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey }
}

/** The environment of a script in a `run:` step. */
function scriptEnvironment(scene: Scene): Readonly<Record<string, string>> {
  return {
    PATH: searchPath(),
    // Keeps tools from reading the configuration of this machine's user.
    HOME: scene.folder,
    ...scene.endpoints,
    ...keyVariables(scene),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

/**
 * PATH with the folder of the Python interpreter first. The wrapper scripts of a version manager such as pyenv take longer
 * than the start of Python, and the runner has none.
 */
export function searchPath(): string {
  realPythonFolder ??= isOnPath('python3')
    ? execFileSync('python3', ['-c', 'import os, sys; print(os.path.dirname(sys.executable))'], { encoding: 'utf8' })
    : ''
  return [realPythonFolder.trim(), process.env.PATH ?? ''].filter((folder) => folder !== '').join(delimiter)
}
let realPythonFolder: string | undefined

/** Other tools, if this machine has them. They assume no role. They run against moto, which has CloudFormation. */
export async function field(scene: Scene): Promise<readonly Contestant[]> {
  const { folder } = scene
  const environment = scriptEnvironment(scene)
  const found: Contestant[] = []
  const file = async (name: string, content: string) => {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }
  // The versions of its parts follow its own.
  const awsVersion = firstLineOf('aws', ['--version'])?.split(' ')[0]
  if (awsVersion !== undefined) {
    const given = { version: awsVersion, environment, folder }
    const words = [await file('tables.sh', awsScript)]
    found.push({ ...given, name: 'shell script with the aws CLI', command: 'bash', words })
    const template = await file('tables.yml', cloudFormationTemplate)
    const deploy = ['cloudformation', 'deploy', '--stack-name', 'bench', '--no-fail-on-empty-changeset']
    const deployWords = [...deploy, '--template-file', template]
    found.push({ ...given, name: 'aws cloudformation deploy', command: 'aws', words: deployWords })
  }
  const terraformVersion = firstLineOf('terraform', ['version'])
  const plugins = process.env.TERRAFORM_PLUGINS
  if (terraformVersion !== undefined && plugins !== undefined) {
    const module = join(folder, 'terraform')
    await mkdir(module, { recursive: true })
    await writeFile(join(module, 'main.tf'), terraformConfiguration)
    const given = { version: terraformVersion, environment: { ...environment, ...noVersionCheck }, folder: module }
    execFileSync('terraform', ['init', '-input=false', `-plugin-dir=${plugins}`], {
      cwd: module,
      env: given.environment,
      stdio: 'ignore',
    })
    const words = ['apply', '-auto-approve', '-input=false']
    found.push({ ...given, name: 'terraform apply', command: 'terraform', words })
  }
  const botoVersion = firstLineOf('python3', ['-c', 'import boto3; print(boto3.__version__)'])
  if (botoVersion !== undefined) {
    const words = [await file('tables.py', botoScript)]
    found.push({
      name: 'boto3, one after another',
      version: botoVersion,
      command: 'python3',
      words,
      environment,
      folder,
    })
  }
  return found
}

/** Keeps Terraform from asking its vendor for a newer version. */
const noVersionCheck = { CHECKPOINT_DISABLE: 'true' }

/** The first line that a command prints; undefined if it fails or is missing. */
function firstLineOf(command: string, words: readonly string[]): string | undefined {
  try {
    const env = { PATH: searchPath(), ...noVersionCheck }
    return execFileSync(command, words, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]
  } catch {
    return undefined
  }
}

const awsScript = `set -euo pipefail
for table in tenant users; do
  keys=(AttributeName=tenant_id,KeyType=HASH)
  types=(AttributeName=tenant_id,AttributeType=S)
  if [ "$table" = users ]; then
    keys+=(AttributeName=user_id,KeyType=RANGE)
    types+=(AttributeName=user_id,AttributeType=S)
  fi
  if ! aws dynamodb describe-table --table-name "$table" > /dev/null 2>&1; then
    aws dynamodb create-table --table-name "$table" --billing-mode PAY_PER_REQUEST \\
      --attribute-definitions "\${types[@]}" --key-schema "\${keys[@]}" > /dev/null
    aws dynamodb wait table-exists --table-name "$table"
  fi
  arn=$(aws dynamodb describe-table --table-name "$table" --query Table.TableArn --output text)
  aws dynamodb describe-continuous-backups --table-name "$table" > /dev/null
  aws dynamodb tag-resource --resource-arn "$arn" --tags Key=environment,Value=dev
done
`

const botoScript = `import boto3

client = boto3.client("dynamodb")
for name, keys in (("tenant", ["tenant_id"]), ("users", ["tenant_id", "user_id"])):
    try:
        table = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException:
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": "RANGE" if index else "HASH"} for index, key in enumerate(keys)
            ],
        )
        client.get_waiter("table_exists").wait(TableName=name)
        table = client.describe_table(TableName=name)["Table"]
    client.describe_continuous_backups(TableName=name)
    client.list_tags_of_resource(ResourceArn=table["TableArn"])
`

const terraformConfiguration = `provider "aws" {
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}
resource "aws_dynamodb_table" "tenant" {
  name         = "tenant-of-terraform"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "tenant_id"
  attribute {
    name = "tenant_id"
    type = "S"
  }
}
resource "aws_dynamodb_table" "users" {
  name         = "users-of-terraform"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "tenant_id"
  range_key    = "user_id"
  attribute {
    name = "tenant_id"
    type = "S"
  }
  attribute {
    name = "user_id"
    type = "S"
  }
}
`

const cloudFormationTemplate = `AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Tenant:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: tenant-of-stack
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: tenant_id, AttributeType: S }]
      KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }]
  Users:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: users-of-stack
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - { AttributeName: tenant_id, AttributeType: S }
        - { AttributeName: user_id, AttributeType: S }
      KeySchema:
        - { AttributeName: tenant_id, KeyType: HASH }
        - { AttributeName: user_id, KeyType: RANGE }
`
