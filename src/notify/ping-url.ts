import { z } from "zod";
import { Secret } from "../base/secret.ts";

/** What stands for the name of the database in a URL that is meant for several. */
const NAME = "{name}";

/** Hosts that no network lies before. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Where pings go: whoever knows the URL can ping too, so it is kept as a secret. */
export const pingUrlOption = z
  .instanceof(Secret, { error: "expected a text" })
  .refine((url) => parse(url) !== null, "expected a URL that begins with https:// or http://");

/** The URL for one database: `{name}` in it becomes the database's name. */
export function pingUrlFor(url: Secret, name: string): Secret {
  return new Secret(url.reveal().replaceAll(NAME, encodeURIComponent(name)));
}

/** All that may be shown of the URL. */
export function pingHostOf(url: Secret): string {
  return parse(url)?.host ?? "";
}

/** Whether pings cross a network where everybody on the way can read them. */
export function isPlainPing(url: Secret): boolean {
  const parsed = parse(url);
  return parsed?.protocol === "http:" && !LOOPBACK.test(parsed.hostname);
}

function parse(url: Secret): URL | null {
  const parsed = URL.parse(url.reveal());
  return parsed !== null && ["http:", "https:"].includes(parsed.protocol) ? parsed : null;
}
