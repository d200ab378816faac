/** The results of the bench: docs/performance.json. Imports only types. */
import type { Login } from './contestants.ts'
import type { Row } from './duel.ts'
import type { Spread } from './measure.ts'
import type { ScaleMeasurement } from './scale.ts'

/** The login and the network of a run. */
export interface Profile {
  readonly login: Login
  readonly latencyMilliseconds: number
  /** Duration of the handshake of a connection. */
  readonly connectionMilliseconds: number
}

export interface Duel extends Profile {
  /** Node version of the contestants that are Node scripts, such as `v24.1.0`. */
  readonly node: string
  readonly rows: readonly Row[]
}

export interface Creation {
  readonly name: string
  readonly creatingSeconds: number
  /** From ACTIVE of the last table to the end of the process. */
  readonly wasteSeconds: Spread
  readonly requests: Spread
}

export interface Results {
  readonly machine: string
  readonly date: string
  readonly rounds: number
  readonly noOp: readonly Duel[]
  readonly creations: readonly Creation[]
  /** Absent without moto_server. */
  readonly moto?: Duel
  readonly scale: readonly ScaleMeasurement[]
  readonly sandboxMilliseconds: Spread
}
