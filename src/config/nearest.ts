/** The name out of `names` that `wrong` was probably meant to be, or null if none comes near. */
function nearest(wrong: string, names: Iterable<string>): string | null {
  const limit = Math.max(1, Math.floor(bare(wrong).length / 3));
  let best: string | null = null;
  let least = limit + 1;
  for (const name of names) {
    const steps = distance(bare(wrong), bare(name));
    if (steps >= least) continue;
    best = name;
    least = steps;
  }
  return best;
}

/** Ends a message about an unknown name. */
export function didYouMean(wrong: string, names: Iterable<string>): string {
  const meant = nearest(wrong, names);
  return meant === null ? "" : ` (did you mean ${meant}?)`;
}

/** Case and word marks are what people mix up most: `key-file`, `key_file`, `keyFile`. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

/** Letters to insert, remove, replace or swap with their neighbour. @see Optimal string alignment distance */
function distance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row++) {
    const line = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let steps = Math.min(
        at(last, column) + 1,
        at(line, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      if (left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1])
        steps = Math.min(steps, at(beforeLast, column - 2) + 1);
      line.push(steps);
    }
    beforeLast = last;
    last = line;
  }
  return at(last, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
