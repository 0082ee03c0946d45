/** A text as an SQL literal, under the settings that we ask with. */
export function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function identifier(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
