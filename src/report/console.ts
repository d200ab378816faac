/** Links to DynamoDB in the AWS console. */
import type { CustomEndpoint } from '../aws/sdk-settings.ts'
import type { Target } from '../table/target.ts'

/** The console of each partition that has a public one. A region stands before it. The SDK knows no consoles. */
const consoles: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-eusc': 'console.amazonaws-eusc.eu',
}

/**
 * The address of a table, or of the list of tables. Undefined if the console is not known, and with an endpoint for
 * DynamoDB that is not AWS's own: the tables may be those of an emulator, and a link to another table would mislead.
 *
 * @param table its name; absent for the list
 */
export function consoleUrl(
  { partition, region }: Target,
  endpoints: readonly CustomEndpoint[] = [],
  table?: string,
): string | undefined {
  const host = consoles[partition]
  if (host === undefined || endpoints.some(({ service }) => service === 'DynamoDB')) return undefined
  const page = table === undefined ? 'tables' : `table?name=${table}`
  return `https://${region}.${host}/dynamodbv2/home?region=${region}#${page}`
}
