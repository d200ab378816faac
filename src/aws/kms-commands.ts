/** The part of KMS's SDK that this action uses. Loaded late, by kms.ts, and only for a definition that names an alias. */
export { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
