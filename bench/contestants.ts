/** Who is measured, and how each is started: the same two tables, one assumed role, from nothing or with nothing to do. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOnPath } from '../__tests__/support/moto.ts'
import { externalId, hubAccessKey, provisionerRole } from '../sandbox/two-accounts.ts'
import type { Contestant } from './measure.ts'

export const region = 'ap-south-1'
const tables = ['tenant', 'users']

// From lib/bench, where this is compiled to.
const root = fileURLToPath(new URL('../../', import.meta.url))

/** What leads every contestant to the endpoint, with the key of the hub's user. */
export function environmentFor(url: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    // They need not exist; what is on the machine must not be read.
    AWS_CONFIG_FILE: join(root, 'lib', 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(root, 'lib', 'no-credentials'),
  }
}

export function thisAction(url: string): Contestant {
  return {
    name: 'this action',
    command: process.execPath,
    words: [join(root, 'dist', 'index.js')],
    environment: {
      ...environmentFor(url),
      GITHUB_ACTIONS: 'true',
      INPUT_ENVIRONMENT: 'dev',
      'INPUT_AWS-REGION': region,
      'INPUT_ROLE-TO-ASSUME': provisionerRole,
      'INPUT_ROLE-EXTERNAL-ID': externalId,
    },
  }
}

export function floor(url: string): Contestant {
  return script(url, 'floor: node:http, signed by hand', 'floor.js')
}

export function naive(url: string): Contestant {
  return script(url, 'SDK script, in turn, stock waiter', 'naive.js')
}

function script(url: string, name: string, file: string): Contestant {
  const words = [join(root, 'lib', 'bench', file), provisionerRole, externalId, ...tables]
  return { name, command: process.execPath, words, environment: environmentFor(url) }
}

/** The login alone, where CONFIGURE_AWS_CREDENTIALS names the dist/index.js of aws-actions/configure-aws-credentials. */
export async function configureAwsCredentials(url: string, scratch: string): Promise<Contestant | undefined> {
  const entry = process.env.CONFIGURE_AWS_CREDENTIALS
  if (entry === undefined || !existsSync(entry)) return undefined
  for (const name of ['env', 'output', 'state']) await writeFile(join(scratch, name), '')
  return {
    name: 'configure-aws-credentials, login alone',
    command: process.execPath,
    words: [entry],
    environment: {
      ...environmentFor(url),
      'INPUT_AWS-REGION': region,
      'INPUT_ROLE-TO-ASSUME': provisionerRole,
      'INPUT_ROLE-EXTERNAL-ID': externalId,
      'INPUT_AWS-ACCESS-KEY-ID': hubAccessKey.accessKeyId,
      'INPUT_AWS-SECRET-ACCESS-KEY': hubAccessKey.secretAccessKey,
      'INPUT_ROLE-SKIP-SESSION-TAGGING': 'true',
      INPUT_AUDIENCE: 'sts.amazonaws.com',
      GITHUB_ACTIONS: 'true',
      GITHUB_ENV: join(scratch, 'env'),
      GITHUB_OUTPUT: join(scratch, 'output'),
      GITHUB_STATE: join(scratch, 'state'),
      GITHUB_REPOSITORY: 'acme/app',
      GITHUB_WORKFLOW: 'bench',
      GITHUB_ACTION: 'bench',
      GITHUB_ACTOR: 'bench',
      GITHUB_SHA: '0',
      GITHUB_WORKSPACE: scratch,
    },
  }
}

/** The field, against an AWS that is not ours; those that this machine has. They use the first credentials as they are. */
export async function field(url: string, scratch: string): Promise<readonly Contestant[]> {
  await mkdir(scratch, { recursive: true })
  const file = async (name: string, content: string) => {
    const path = join(scratch, name)
    await writeFile(path, content)
    return path
  }
  const environment = environmentFor(url)
  const found: Contestant[] = []
  if (isOnPath('aws')) {
    const words = [await file('tables.sh', awsScript)]
    found.push({ name: 'shell script with the aws CLI', command: 'bash', words, environment })
    const template = await file('tables.yml', cloudFormationTemplate)
    const deploy = ['cloudformation', 'deploy', '--stack-name', 'bench', '--no-fail-on-empty-changeset']
    found.push({
      name: 'aws cloudformation deploy',
      command: 'aws',
      words: [...deploy, '--template-file', template],
      environment,
    })
  }
  const plugins = process.env.TERRAFORM_PLUGINS
  if (isOnPath('terraform') && plugins !== undefined) {
    const folder = join(scratch, 'terraform')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'main.tf'), terraformConfiguration)
    execFileSync('terraform', [`-chdir=${folder}`, 'init', '-input=false', `-plugin-dir=${plugins}`], {
      stdio: 'ignore',
    })
    const words = [`-chdir=${folder}`, 'apply', '-auto-approve', '-input=false']
    found.push({ name: 'terraform apply', command: 'terraform', words, environment })
  }
  if (isOnPath('python3')) {
    const words = [await file('tables.py', botoScript)]
    found.push({ name: 'boto3, one after another', command: 'python3', words, environment })
  }
  return found
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
