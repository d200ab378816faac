/** The contract on moto. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { fastClock } from '../support/clock.ts'
import { type Moto, startMoto } from '../support/moto.ts'
import { describeContract } from './contract.ts'

const moto: Moto | undefined = await startMoto()
const role = 'arn:aws:iam::222222222222:role/tenant-tables-provisioner'
const accessKey = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY' }

if (moto === undefined) {
  // CI must have moto; elsewhere a warning replaces the tests.
  it('runs the contract on moto', () => {
    if (process.env.CI) throw new Error("moto_server is missing: pip install 'moto[server]==5.2.1'")
    console.warn("NOT RUN: the contract on moto. moto_server is missing: pip install 'moto[server]==5.2.1'")
  })
} else {
  const region = 'ap-south-1'
  const endpoint = moto.url
  const administrator = async () => {
    const sts = new STSClient({ region, endpoint, credentials: accessKey })
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'administrator', DurationSeconds: 900 }),
    )
    return new DynamoDBClient({
      region,
      endpoint,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      },
    })
  }
  describeContract('moto', {
    account: '222222222222',
    region,
    prefix: '',
    tags: {},
    environment: () => ({
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
    }),
    inputs: { 'role-to-assume': role },
    clock: () => fastClock(50),
    // moto replaces the attribute definitions of the table by those of the UpdateTable that adds the index.
    buildsIndexes: false,
    changesTimeToLiveAgain: true,
    administrator,
    start: async () => undefined,
    reset: () => moto.reset(),
    stop: () => moto.stop(),
  })
}
