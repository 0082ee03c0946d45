const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Text as XML has it. */
export function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);
}

/** An answer's body, and the headers that belong to it. */
export function xml(
  text: string,
  headers: Record<string, string> = {},
): { headers: Record<string, string>; body: string } {
  return {
    headers: { "content-type": "application/xml", ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>${text}`,
  };
}

/** All elements of this name, each with the text of those in it. */
export function elementsOf(text: string, name: string): Record<string, string>[] {
  const elements = text.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs"));
  return Array.from(elements, ([, inner = ""]) =>
    Object.fromEntries(
      Array.from(inner.matchAll(/<(\w+)>(.*?)<\/\1>/gs), ([, tag = "", value = ""]) => [
        tag,
        value.replaceAll("&quot;", '"').replaceAll("&#34;", '"'),
      ]),
    ),
  );
}
