/** Finds the name that a misspelt one was meant to be. Imports nothing. */

/** Returns the name with the fewest spelling mistakes. */
export function findSimilar<Name extends string>(written: string, names: readonly Name[]): Name | undefined {
  return [0, 1, 2, 3]
    .flatMap((most) => names.filter((name) => most <= toleranceOf(name) && isSimilar(written, name, most)))
    .at(0)
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

/** Checks whether at most `most` letters must be inserted, deleted, replaced, or swapped with their neighbour. */
function isSimilar(left: string, right: string, most: number): boolean {
  if (left === right) return true
  if (left[0] === right[0]) return isSimilar(left.slice(1), right.slice(1), most)
  if (most === 0) return false
  const isSwapped = left[0] === right[1] && left[1] === right[0]
  return (
    isSimilar(left, right.slice(1), most - 1) ||
    isSimilar(left.slice(1), right, most - 1) ||
    isSimilar(left.slice(1), right.slice(1), most - 1) ||
    (isSwapped && isSimilar(left.slice(2), right.slice(2), most - 1))
  )
}
