/** Which databases of a server are meant. In a pattern, `*` stands for anything and `?` for one character. */
export interface Selection {
  /** Null for all. */
  include: readonly string[] | null;
  exclude: readonly string[];
}

/** What came of a selection. */
interface Selected {
  chosen: readonly string[];
  /** Databases that are included by their very name, and are not there. */
  absent: readonly string[];
}

/** Chooses among the databases that a server has, by their real names. */
export function select(names: readonly string[], { include, exclude }: Selection): Selected {
  const included = compile(include ?? ["*"]);
  const excluded = compile(exclude);
  return {
    chosen: names.filter((name) => included(name) && !excluded(name)),
    absent: (include ?? []).filter((name) => !/[*?]/.test(name) && !names.includes(name)),
  };
}

function compile(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(`^${expressionOf(pattern)}$`, "su"));
  return (name) => expressions.some((expression) => expression.test(name));
}

function expressionOf(pattern: string): string {
  return pattern
    .replaceAll(/[\\^$.|+()[\]{}/]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
}
