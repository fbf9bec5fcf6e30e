/** The name somebody probably meant. */

/** How many letters have to be added, taken away or changed (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

/** That of `names` which is fewest letters away, the first of several; `names` are not empty. */
export const nearestOf = (name: string, names: readonly string[]): string =>
  names.reduce((best, other) => (editDistance(name, other) < editDistance(name, best) ? other : best));
