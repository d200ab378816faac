/** An upper bound of what a run costs, and how it is computed. */

/** More than a run uses. Reads and writes of tables and tags, and calls of STS, cost nothing. */
export const mostUnits = {
  writeRequests: 1000,
  readRequests: 1000,
  /** A table for an hour, with 5 read and 5 write units. */
  provisionedTableHours: 4,
} as const

/** In US dollars, at least twice the list price of us-east-1, because other regions cost more. */
const prices = { writeRequest: 2.5e-6, readRequest: 0.5e-6, writeUnitHour: 0.0013, readUnitHour: 0.00026 } as const

export function describeCost(): readonly string[] {
  const { writeRequests, readRequests, provisionedTableHours } = mostUnits
  const requests = writeRequests * prices.writeRequest + readRequests * prices.readRequest
  const provisioned = provisionedTableHours * 5 * (prices.writeUnitHour + prices.readUnitHour)
  const total = requests + provisioned
  return [
    `Cost: at most $${total.toFixed(2)}, if your prices are not above these: see https://aws.amazon.com/dynamodb/pricing/.`,
    `  ${writeRequests} write requests at $2.50 a million, ${readRequests} read requests at $0.50 a million: $${requests.toFixed(4)}`,
    `  ${provisionedTableHours} hours of a table with 5 write units at $0.0013 and 5 read units at $0.00026: $${provisioned.toFixed(4)}`,
    '  Calls that create, read, change or delete tables and tags are free. The tables hold less than 1 MB, for minutes.',
    '  DynamoDB keeps a system backup of each deleted table with recovery for 35 days, without charge.',
  ]
}
