/** A simple SDK script, not bundled: sequential calls, CreateTable in every run, and the SDK's waiter. */
import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'

const region = process.env.AWS_REGION ?? ''
const [RoleArn, ExternalId, ...tables] = process.argv.slice(2)
const sts = new STSClient({ region })
const RoleSessionName = 'naive'
const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl, ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken } = process.env
const { Credentials } =
  tokenUrl === undefined
    ? await sts.send(new AssumeRoleCommand({ RoleArn, ExternalId, RoleSessionName }))
    : await sts.send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn,
          RoleSessionName,
          WebIdentityToken: await fetchToken(tokenUrl),
        }),
      )
const client = new DynamoDBClient({
  region,
  credentials: {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  },
})
for (const TableName of tables) {
  const keys = TableName === 'users' ? ['tenant_id', 'user_id'] : ['tenant_id']
  try {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
        Tags: [{ Key: 'tenant-tables:environment', Value: 'dev' }],
      }),
    )
    await waitUntilTableExists({ client, maxWaitTime: 600 }, { TableName })
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ResourceInUseException')) throw error
  }
  const { Table } = await client.send(new DescribeTableCommand({ TableName }))
  await client.send(new DescribeContinuousBackupsCommand({ TableName }))
  await client.send(new ListTagsOfResourceCommand({ ResourceArn: Table?.TableArn }))
}

async function fetchToken(url: string): Promise<string> {
  const response = await fetch(`${url}&audience=sts.amazonaws.com`, {
    headers: { authorization: `Bearer ${requestToken}` },
  })
  const { value } = (await response.json()) as { value: string }
  return value
}
