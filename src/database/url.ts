/**
 * A part of a URL as it was meant.
 *
 * @throws {SyntaxError} that shows nothing of the URL: it may hold a password.
 */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new SyntaxError("a % that begins no %XX: write it as %25");
  }
}

/** A part of a URL that says nothing if it is empty. */
export function decodeOptional(part: string): string | null {
  return part === "" ? null : decodePart(part);
}

/** The host of a URL, without the brackets of an IPv6 address. */
export function decodeHost({ hostname }: URL): string | null {
  return decodeOptional(hostname.replace(/^\[(.*)\]$/, "$1"));
}
