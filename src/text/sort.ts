/**
 * Sorts by the code units of a text, so that a plan reads the same on every machine. DynamoDB lists indexes, tags and
 * replicas in no fixed order.
 */
export function sortBy<Item>(items: Iterable<Item>, textOf: (item: Item) => string): readonly Item[] {
  return [...items].sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1))
}
