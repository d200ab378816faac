/** What the bench measures. Imports types alone. */
import type { Login } from './contestants.ts'
import type { Row } from './duel.ts'
import type { Spread } from './measure.ts'
import type { ScaleMeasurement } from './scale.ts'

/** What a job logs in with, and what its network costs. */
export interface Profile {
  readonly login: Login
  readonly latencyMilliseconds: number
  /** To open a connection. */
  readonly connectionMilliseconds: number
}

export interface Duel extends Profile {
  /** Of the contestants that are Node scripts, such as `v24.1.0`. */
  readonly node: string
  readonly rows: readonly Row[]
}

export interface Creation {
  readonly name: string
  readonly creatingSeconds: number
  /** From the moment when all is ACTIVE to the end of the process. */
  readonly wasteSeconds: Spread
  readonly requests: Spread
}

export interface Results {
  readonly machine: string
  readonly date: string
  readonly rounds: number
  readonly noOp: readonly Duel[]
  readonly creations: readonly Creation[]
  /** Absent where there is no moto_server. */
  readonly moto?: Duel
  readonly scale: readonly ScaleMeasurement[]
  readonly sandboxMilliseconds: Spread
}
