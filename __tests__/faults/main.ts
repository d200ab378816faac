/** `npm run faults`: the whole matrix. `npm run faults -- "drift: billing"` runs one scenario of it. */
import { breaks, type Case, openBed, scenarios } from './matrix.ts'

const only = process.argv[2]
const bed = await openBed()
let [cases, succeeded, converged, lostCases, unexplainedCases] = [0, 0, 0, 0, 0]
try {
  console.log('| scenario | calls | cases | succeeded at once | converged | lost | unexplained |')
  console.log('|---|---|---|---|---|---|---|')
  for (const scenario of scenarios.filter(({ name }) => only === undefined || name === only)) {
    const calls = await bed.countCalls(scenario)
    const own = { cases: 0, succeeded: 0, converged: 0, lost: 0, unexplained: 0 }
    const each: Case[] = breaks.flatMap((broken) =>
      Array.from({ length: calls }, (_, index) => ({ scenario, broken, call: index + 1 })),
    )
    for (const one of each) {
      const { succeeded: isSuccess, unexplained, lost } = await bed.runCase(one)
      own.cases += 1
      own.succeeded += isSuccess ? 1 : 0
      own.converged += unexplained.length === 0 ? 1 : 0
      own.lost += lost.length > 0 ? 1 : 0
      own.unexplained += unexplained.length > 0 ? 1 : 0
      for (const problem of [...lost, ...unexplained]) {
        console.error(`${scenario.name}, call ${one.call} ${one.broken.name}: ${problem}`)
      }
    }
    console.log(
      `| ${scenario.name} | ${calls} | ${own.cases} | ${own.succeeded} | ${own.converged} | ${own.lost} | ${own.unexplained} |`,
    )
    cases += own.cases
    succeeded += own.succeeded
    converged += own.converged
    lostCases += own.lost
    unexplainedCases += own.unexplained
  }
  console.log(`| all | | ${cases} | ${succeeded} | ${converged} | ${lostCases} | ${unexplainedCases} |`)
  if (lostCases + unexplainedCases > 0) process.exitCode = 1
} finally {
  await bed.close()
}
