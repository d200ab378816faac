/** The two accounts of the demo and of most tests: jobs start in the hub account, tables are in the target account. */
import type { SandboxOptions } from './options.ts'

export const hubRole = 'arn:aws:iam::111111111111:role/github-hub'
export const provisionerRole = 'arn:aws:iam::222222222222:role/tenant-tables-provisioner'
/** A role of the target account for jobs without a hub account. */
export const directRole = 'arn:aws:iam::222222222222:role/tenant-tables-direct'
export const externalId = 'tenant-tables'

/** The access key of a user of the hub account, for jobs without OIDC. */
export const hubAccessKey = {
  accessKeyId: 'AKIASANDBOXHUBUSER01',
  secretAccessKey: 'sandbox/hub/user/secret/access/key/00000',
  principal: 'arn:aws:iam::111111111111:user/deployer',
}

/** The access key of an administrator of the target account, who changes tables by hand. */
export const administratorAccessKey = {
  accessKeyId: 'AKIASANDBOXADMIN0001',
  secretAccessKey: 'sandbox/target/administrator/secret/key0',
  principal: 'arn:aws:iam::222222222222:user/administrator',
}

/** The hub role and the direct role trust jobs of one environment. The provisioner role requires an external id. */
export function twoAccounts(environment: string): SandboxOptions {
  const subject = `repo:acme@1/app@2:environment:${environment}`
  return {
    oidcClaims: {
      sub: subject,
      repository: 'acme/app',
      job_workflow_ref: 'acme/app/.github/workflows/provision.yml@refs/heads/main',
    },
    accessKeys: [hubAccessKey],
    roles: [
      { arn: hubRole, webIdentity: { audience: 'sts.amazonaws.com', subject } },
      { arn: directRole, webIdentity: { audience: 'sts.amazonaws.com', subject } },
      { arn: provisionerRole, principals: [hubRole, hubAccessKey.principal], externalId },
    ],
  }
}
