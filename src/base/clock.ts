/** A moment as object names have it: ISO 8601 in UTC, basic form, whole seconds, as in `20261122T020000Z`. */
export function compactTime(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}
