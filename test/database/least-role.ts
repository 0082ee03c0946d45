import { join } from "node:path";

const PAGE = join(import.meta.dir, "../../docs/databases.md");

/**
 * The statements that make the least role of an engine, out of the documentation, so that what is tested is what is
 * written there. Each word of `names` stands for another.
 */
export async function leastRole(
  engine: "postgres" | "postgres before 14" | "mysql" | "mysql server" | "mysql 8" | "mongodb",
  names: Readonly<Record<string, string>>,
): Promise<string> {
  const text = await Bun.file(PAGE).text();
  const marker = engine === "postgres" ? "least role" : `least role: ${engine}`;
  const [, statements] = new RegExp(`<!-- ${marker} -->\\s*\`\`\`\\w+\\n([^]*?)\`\`\``).exec(text) ?? [];
  if (statements === undefined) throw new Error(`${PAGE} has no least role of ${engine}`);
  return statements.replaceAll(/\w+/g, (word) => names[word] ?? word);
}
