/** What the bench measures. Imports types alone. */
import type { Spread } from './measure.ts'
import type { ScaleMeasurement } from './scale.ts'

export interface Row {
  readonly name: string
  readonly wallMilliseconds: Spread
  /** To the first of its table, round by round. */
  readonly ratio: Spread
  readonly peakMegabytes?: Spread
  readonly calls?: number
  /** Requests one after another. */
  readonly depth?: number
}

export interface Duel {
  readonly latencyMilliseconds: number
  readonly connectionMilliseconds: number
  readonly rows: readonly Row[]
}

export interface Creation {
  readonly name: string
  readonly creatingSeconds: number
  /** From the moment when all is ACTIVE to the end of the process. */
  readonly wasteSeconds: Spread
  readonly calls: Spread
}

export interface Results {
  readonly machine: string
  readonly date: string
  readonly rounds: number
  readonly noOp: Duel
  readonly noOpWithConnections: Duel
  readonly creations: readonly Creation[]
  /** Absent where there is no moto_server. */
  readonly moto?: Duel
  readonly scale: readonly ScaleMeasurement[]
  readonly sandboxMilliseconds: Spread
}
