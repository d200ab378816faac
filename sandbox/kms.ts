/**
 * KMS: the keys of all accounts and regions, by id, alias or ARN.
 *
 * Without keys in the options every id and alias is that of a key, so that tests of other things need none.
 */
import { AwsError, validationError } from './errors.ts'
import type { KmsKey } from './options.ts'
import type { Place } from './parameters.ts'
import type { Shape } from './table-record.ts'

/** The alias of the key that AWS manages for DynamoDB in each account and region. */
const awsManagedAlias = 'alias/aws/dynamodb'
const awsManagedId = '00000000-0000-4000-8000-0000000000aa'

interface KnownKey extends KmsKey {
  readonly arn: string
  readonly manager: 'AWS' | 'CUSTOMER'
}

export class Keys {
  readonly #given: readonly KmsKey[] | undefined
  /** The key id of each alias that was set later, by the ARN of the alias. */
  readonly #aliases = new Map<string, string>()

  constructor(given?: readonly KmsKey[]) {
    this.#given = given
  }

  /** Lets an alias name another key. */
  setAlias(place: Place, alias: string, id: string): void {
    this.#aliases.set(arnIn(place, alias), id)
  }

  /** The names of the key's aliases. */
  aliasesOf(place: Place, arn: string): readonly string[] {
    const names = [awsManagedAlias, ...(this.#given ?? []).flatMap(({ aliases = [] }) => aliases)]
    const later = [...this.#aliases.keys()].map((alias) => alias.replace(/^.*:(?=alias\/)/, ''))
    return [...new Set([...names, ...later])].filter((name) => this.#find(place, name)?.arn === arn)
  }

  /** The ARN of the key; undefined if there is none. */
  arnOf(place: Place, given: string): string | undefined {
    return this.#find(place, given)?.arn
  }

  call(operation: string, place: Place, caller: string, input: Shape): Shape {
    if (operation !== 'DescribeKey') {
      throw new AwsError('UnknownOperationException', `The sandbox does not support ${operation}`)
    }
    const key = this.#get(place, String(input.KeyId))
    refuseDenied(key, 'kms:DescribeKey', caller)
    const { arn, manager, spec = 'SYMMETRIC_DEFAULT', isDisabled = false } = key
    const [, , , , account] = arn.split(':')
    return {
      KeyMetadata: {
        AWSAccountId: account,
        KeyId: arn.split('/').at(-1),
        Arn: arn,
        Enabled: !isDisabled,
        KeyState: isDisabled ? 'Disabled' : 'Enabled',
        KeyManager: manager,
        KeySpec: spec,
        KeyUsage: spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY',
        Origin: 'AWS_KMS',
      },
    }
  }

  /**
   * Lets DynamoDB use a key for a table.
   *
   * @returns the ARN of the key
   * @throws {AwsError} as DynamoDB reports the errors of KMS (020, 461)
   */
  use(place: Place, given: string): string {
    try {
      const key = this.#get(place, given)
      if (key.isDisabled === true) throw new AwsError('DisabledException', `${key.arn} is disabled.`)
      if (key.spec !== undefined && key.spec !== 'SYMMETRIC_DEFAULT') throw notSymmetric
      for (const action of ['kms:DescribeKey', 'kms:CreateGrant']) refuseDenied(key, action, 'the caller')
      return key.arn
    } catch (error) {
      if (error instanceof AwsError) throw asOfDynamoDb(error)
      throw error
    }
  }

  #get(place: Place, given: string): KnownKey {
    const [, , , region = place.region, account = place.account] = given.startsWith('arn:') ? given.split(':') : []
    if (region !== place.region) throw new AwsError('NotFoundException', `Invalid arn ${region}`)
    const key = this.#find(place, given)
    if (key !== undefined) return key
    if (account !== place.account) throw notAuthorized('kms:DescribeKey', 'the caller', 'this resource')
    throw new AwsError(
      'NotFoundException',
      given.includes('alias/')
        ? `Alias ${arnIn(place, given)} is not found.`
        : `Key '${arnIn(place, given)}' does not exist`,
    )
  }

  #find(place: Place, given: string): KnownKey | undefined {
    const asked = arnIn(place, given)
    const [owner = '', name = ''] = asked.split(/:(?=alias\/|key\/)/)
    const at = (id: string, key: Partial<KmsKey> = {}, manager: KnownKey['manager'] = 'CUSTOMER'): KnownKey => ({
      ...key,
      account: place.account,
      region: place.region,
      id,
      arn: `${owner}:key/${id}`,
      manager,
    })
    if (name === awsManagedAlias || name === `key/${awsManagedId}`) return at(awsManagedId, {}, 'AWS')
    const id = this.#aliases.get(asked) ?? name.replace(/^(?:key|alias)\//, '')
    if (this.#given === undefined) return at(id)
    const isByAlias = name.startsWith('alias/') && !this.#aliases.has(asked)
    const found = this.#given.find(
      (key) =>
        owner.endsWith(`:kms:${key.region}:${key.account}`) &&
        (isByAlias ? (key.aliases ?? []).includes(name) : key.id === id),
    )
    return found && at(found.id, found)
  }
}

function arnIn({ partition, region, account }: Place, given: string): string {
  if (given.startsWith('arn:')) return given
  return `arn:${partition}:kms:${region}:${account}:${/^(?:key|alias)\//.test(given) ? given : `key/${given}`}`
}

const notSymmetric = new AwsError(
  'ValidationException',
  'EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.',
)

function refuseDenied({ arn, deniedActions = [] }: KnownKey, action: string, caller: string): void {
  if (deniedActions.includes(action)) throw notAuthorized(action, caller, `resource: ${arn}`)
}

function notAuthorized(action: string, caller: string, resource: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: ${caller} is not authorized to perform: ${action} on ${resource} because no identity-based policy allows the ${action} action`,
  )
}

function asOfDynamoDb({ name, message }: AwsError): AwsError {
  const text = (kind: string, java: string) =>
    `KMS ${kind} error: com.amazonaws.services.kms.model.${java}: ${message} (Service: AWSKMS; Status Code: 400; Error Code: ${name}; Request ID: sandbox; Proxy: null)`
  switch (name) {
    case 'DisabledException':
      return validationError(text('key disabled', name))
    case 'AccessDeniedException':
      return new AwsError(name, text('key access denied', 'AWSKMSException'))
    case 'ValidationException':
      return new AwsError('InternalServerError', text('internal', 'AWSKMSException'), 500)
    default:
      return validationError(text('validation', name))
  }
}
