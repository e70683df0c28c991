/**
 * Returns the order of the contenders in a round: a row of a balanced Latin square (Williams 1949). Over all rounds,
 * each contender runs equally often at each position, and equally often directly after each other contender.
 */
export function roundOrder<T>(contenders: readonly T[], round: number): T[] {
  const count = contenders.length;
  // The offsets 0, 1, n - 1, 2, n - 2, … make each difference between neighbours occur once.
  const positionOf = (index: number): number => {
    const offset = (index + round) % count;
    return offset <= count / 2 ? 2 * offset - 1 : 2 * (count - offset);
  };
  const order = contenders
    .map((contender, index) => ({ contender, position: positionOf(index) }))
    .sort((a, b) => a.position - b.position)
    .map(({ contender }) => contender);
  // If the number of contenders is odd, the square is balanced only together with its mirror image.
  return count % 2 === 1 && Math.floor(round / count) % 2 === 1 ? order.reverse() : order;
}
