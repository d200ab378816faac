/**
 * `node lib/sandbox/tag-table.js ARN KEY=VALUE`: sets a tag of a table, as a person does by hand. Takes endpoint, region
 * and access key from the environment: `npm run sandbox` prints the complete command.
 */
import { DynamoDBClient, TagResourceCommand } from '@aws-sdk/client-dynamodb'

const [ResourceArn, tag = ''] = process.argv.slice(2)
const [Key, Value] = tag.split('=')
try {
  await new DynamoDBClient().send(new TagResourceCommand({ ResourceArn, Tags: [{ Key, Value }] }))
  console.log(`${ResourceArn} now has the tag ${tag}.`)
} catch (error) {
  console.error(String(error))
  process.exitCode = 1
}
