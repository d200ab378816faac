/** A replica as the table's own region reports it. The sandbox has no table in the replica's region. */
type Shape = Readonly<Record<string, unknown>>

export interface ReplicaRecord {
  readonly regionName: string
  /** Undefined for a replica that a test added directly. */
  readonly addedAt?: number
  /** When DescribeTable begins to list it. */
  readonly listedAt: number
  readonly activeAt: number
  /** When it becomes DELETING, once the deletion is accepted. */
  readonly deletingAt?: number
  readonly goneAt?: number
  readonly forcedStatus?: string
}

const transitionalStatuses = ['CREATING', 'UPDATING', 'DELETING']

export function replicaStatusOf({ forcedStatus, activeAt, deletingAt }: ReplicaRecord, now: number): string {
  if (forcedStatus !== undefined) return forcedStatus
  if (now < activeAt) return 'CREATING'
  return deletingAt !== undefined && deletingAt <= now ? 'DELETING' : 'ACTIVE'
}

/** Whether a replica, listed or not, is being changed. The table cannot be updated or deleted meanwhile. */
export function isReplicaChanging(replicas: readonly ReplicaRecord[], now: number): boolean {
  return replicas.some(
    (replica) => replica.deletingAt !== undefined || transitionalStatuses.includes(replicaStatusOf(replica, now)),
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
