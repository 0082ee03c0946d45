import { join } from "node:path";

const DOCS = join(import.meta.dir, "../../docs");

/** A block of code on a page. */
export interface Block {
  /** What stands behind the fence: `sh`, `toml`; empty for what is only shown. */
  form: string;
  text: string;
  /** The last path of a config that the page names before it. */
  file: string;
}

/** The text of a page of docs/. */
export async function readPage(name: string): Promise<string> {
  return await Bun.file(join(DOCS, name)).text();
}

/** The blocks of a page, in order. */
export function listBlocks(page: string): Block[] {
  return [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map((match) => {
    const [, form = "", text = ""] = match;
    const before = page.slice(0, match.index);
    const file = [...before.matchAll(/`(\/[\w/.-]+\.toml)`/g)].at(-1)?.[1] ?? "";
    return { form, text, file };
  });
}

/** The command lines of dbacked in a text for shells, as words; what a shell would do with them is left out. */
export function listCommandLines(text: string): string[][] {
  const lines = text.replaceAll(/\\\n\s*/g, "").split("\n");
  return lines.flatMap((line) => {
    const [, command] =
      /(?:^|[;&|(]\s*|[A-Z_]+=\S+ )(dbacked (?:"[^"]*"|'[^']*'|[^|<>#;&)"'])*)/.exec(line.trim()) ?? [];
    return command === undefined ? [] : [splitWords(command)];
  });
}

function splitWords(command: string): string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replaceAll(/["']/g, ""));
}
