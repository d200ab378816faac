/** Finds the name that a misspelt one was meant to be. Imports nothing. */

/** Returns the nearest name within the edit distance of a spelling mistake. */
export function findSimilar<Name extends string>(written: string, names: readonly Name[]): Name | undefined {
  return names
    .filter((name) => Math.abs(name.length - written.length) <= toleranceOf(name))
    .map((name) => ({ name, distance: editDistance(written, name) }))
    .filter(({ name, distance }) => distance <= toleranceOf(name))
    .sort((left, right) => left.distance - right.distance)[0]?.name
}

/** The same for names that people also write in another case, or with hyphens, underscores or spaces. */
export function findSimilarWords(written: string, names: readonly string[]): string | undefined {
  const fold = (name: string) => name.toLowerCase().replace(/[-_\s]/g, '')
  const folded = new Map(names.map((name) => [fold(name), name]))
  return folded.get(findSimilar(fold(written), [...folded.keys()]) ?? '')
}

/** The largest edit distance of a spelling mistake. Short names are close to names that mean something else. */
function toleranceOf({ length }: string): number {
  if (length < 5) return 0
  if (length < 8) return 1
  return length < 16 ? 2 : 3
}

/** Counts the letters to insert, delete, replace, or swap with their neighbour (optimal string alignment distance). */
function editDistance(left: string, right: string): number {
  const distances = [Array.from({ length: right.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => distances[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    distances.push(current)
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = at(row - 1, column - 1) + (left[row - 1] === right[column - 1] ? 0 : 1)
      const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      const swapped = isSwapped ? at(row - 2, column - 2) + 1 : replaced
      current.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped))
    }
  }
  return at(left.length, right.length)
}
