/** A replica of a table in another region, as the table's own region reports it. The replica itself is not there. */
type Shape = Readonly<Record<string, unknown>>

export interface ReplicaRecord {
  readonly regionName: string
  /** Undefined for one that was there before the sandbox, so to say: no request added it. */
  readonly addedAt?: number
  /** DescribeTable lists it from then on. */
  readonly listedAt: number
  readonly activeAt: number
  /** Set once its deletion was accepted. */
  readonly deletingAt?: number
  readonly goneAt?: number
  readonly forcedStatus?: string
}

const passingStatuses = ['CREATING', 'UPDATING', 'DELETING']

export function replicaStatusOf({ forcedStatus, activeAt, deletingAt }: ReplicaRecord, now: number): string {
  if (forcedStatus !== undefined) return forcedStatus
  if (now < activeAt) return 'CREATING'
  return deletingAt !== undefined && deletingAt <= now ? 'DELETING' : 'ACTIVE'
}

/** Whether work on a replica is under way, listed or not. It keeps the table from being updated or deleted. */
export function isReplicaChanging(replicas: readonly ReplicaRecord[], now: number): boolean {
  return replicas.some(
    (replica) => replica.deletingAt !== undefined || passingStatuses.includes(replicaStatusOf(replica, now)),
  )
}

export function describeReplicas(replicas: readonly ReplicaRecord[], now: number): Shape {
  if (replicas.length === 0) return {}
  return {
    GlobalTableVersion: '2019.11.21',
    Replicas: replicas
      .filter(({ listedAt }) => listedAt <= now)
      .map((replica) => ({ RegionName: replica.regionName, ReplicaStatus: replicaStatusOf(replica, now) })),
  }
}
