/**
 * Splits a line into words as a shell does: blanks separate, `'…'`, `"…"` and `\` quote. Nothing else is special:
 * no variables, no wildcards.
 *
 * @throws {SyntaxError} if a quote is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "'" || char === '"') {
      const quoted = readQuoted(line, at);
      word = (word ?? "") + quoted.text;
      at = quoted.end;
    } else if (char === "\\") {
      if (at + 1 === line.length) throw new SyntaxError("a backslash at the end quotes nothing");
      at += 1;
      word = (word ?? "") + line.charAt(at);
    } else {
      word = (word ?? "") + char;
    }
  }
  return word === null ? words : [...words, word];
}

/** Reads from the quote at `start` to its twin at `end`. Inside double quotes `\` quotes only `"`, `\`, `$` and a backtick. */
function readQuoted(line: string, start: number): { text: string; end: number } {
  const quote = line.charAt(start);
  let text = "";
  for (let at = start + 1; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === quote) return { text, end: at };
    if (char === "\\" && quote === '"' && /["\\$`]/.test(line.charAt(at + 1))) {
      at += 1;
      text += line.charAt(at);
    } else {
      text += char;
    }
  }
  throw new SyntaxError(`the quote ${quote} is not closed`);
}
