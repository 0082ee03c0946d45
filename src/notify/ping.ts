import { setTimeout } from "node:timers/promises";
import { utf8, type Bytes } from "../base/bytes.ts";
import type { Secret } from "../base/secret.ts";
import { pingHostOf } from "./ping-url.ts";

/** What a check is told of: that something began, went well, or failed. `log` is noted there and changes nothing. */
export type PingWord = "start" | "success" | "fail" | "log";

/** One message to a check. @see https://healthchecks.io/docs/http_api/ */
export interface Ping {
  url: Secret;
  word: PingWord;
  /** For whoever is alarmed, and never with a secret in it. What is too long loses its middle. */
  body?: string;
  /** A UUID that tells which start and which end belong together. */
  runId?: string;
}

/** How long is tried to get a ping through. */
export interface Patience {
  tries: number;
  /** For each of them, in ms. */
  limitMs: number;
}

/** What came back. */
export interface PingAnswer {
  /** Where the ping went; the rest of the URL is a secret. */
  host: string;
  /** Why it did not arrive, as an end of "HOST …"; null if it did. */
  failure: string | null;
  /** The status of the answer; null if there was none. */
  status: number | null;
}

const USUAL: Patience = { tries: 3, limitMs: 10_000 };

/** Before the second try, in ms; three times that before each further one. */
const FIRST_PAUSE_MS = 1000;

/** As much of a body as healthchecks keeps by default, in bytes. @see PING_BODY_LIMIT */
const BODY_LIMIT = 10_000;

/** Bytes of the beginning that are kept of what is too long; the rest is its end. */
const BODY_HEAD = 4000;

const CUT = "\n[…]\n";

/** Characters of an answer that are looked at. */
const ANSWER_LIMIT = 200;

/** What healthchecks answers, with the status 200, to a ping that it did not take. */
const NOT_TAKEN = /^OK \((.*)\)/;

/** Sends one ping, with new tries where that may help. Whatever goes wrong is in the answer: nothing is thrown. */
export async function ping(
  message: Ping,
  signal: AbortSignal,
  { tries, limitMs }: Patience = USUAL,
): Promise<PingAnswer> {
  let answer: PingAnswer & { mayPass: boolean };
  let pauseMs = FIRST_PAUSE_MS;
  for (let left = tries; ; left--) {
    answer = await sendOnce(message, AbortSignal.any([signal, AbortSignal.timeout(limitMs)]));
    if (answer.failure === null || !answer.mayPass || left <= 1 || signal.aborted) break;
    await sleep(pauseMs, signal);
    pauseMs *= 3;
  }
  const { host, failure, status } = answer;
  return { host, failure, status };
}

/** Asks whether pings arrive: one that is noted at the check, if it is there, and changes nothing. */
export async function testPing(url: Secret, signal: AbortSignal): Promise<PingAnswer> {
  const body = "A test by dbacked: pings to this check arrive.";
  return await ping({ url, word: "log", body }, signal, { tries: 1, limitMs: USUAL.limitMs });
}

async function sendOnce(message: Ping, signal: AbortSignal): Promise<PingAnswer & { mayPass: boolean }> {
  const host = pingHostOf(message.url);
  try {
    const { address, headers } = addressOf(message);
    // Whoever answers elsewhere would learn the URL's secret.
    const response = await fetch(address, {
      method: "POST",
      body: bodyOf(message.body ?? ""),
      headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
      redirect: "manual",
      signal,
    });
    const { status } = response;
    const failure = judge(response, await beginningOf(response));
    const mayPass = status >= 500 || status === 408 || status === 429;
    return { host, failure, status, mayPass };
  } catch (error) {
    return { host, failure: reasonOf(error), status: null, mayPass: true };
  }
}

function addressOf({ url, word, runId }: Ping): { address: URL; headers: Record<string, string> } {
  const address = new URL(url.reveal());
  if (word !== "success") address.pathname = `${address.pathname.replace(/\/+$/, "")}/${word}`;
  if (runId !== undefined) address.search += `${address.search === "" ? "?" : "&"}rid=${runId}`;
  const { username, password } = address;
  if (username === "" && password === "") return { address, headers: {} };
  // fetch refuses a name and a password in a URL.
  const user = utf8(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  address.username = address.password = "";
  return { address, headers: { authorization: `Basic ${user.toBase64()}` } };
}

function judge({ status, headers }: Response, text: string): string | null {
  if (status >= 300 && status < 400) {
    const target = URL.parse(headers.get("location") ?? "")?.host;
    return `leads elsewhere (${status}${target === undefined ? "" : `, to ${target}`}), where no ping is sent`;
  }
  if (status < 200 || status > 299) return `answered ${status}${status === 404 ? ", no such check" : ""}`;
  const why = NOT_TAKEN.exec(text)?.[1];
  return why === undefined ? null : `did not take it: ${why.replaceAll(/[^\w .-]/g, "")}`;
}

async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    if (text.length >= ANSWER_LIMIT) break;
  }
  return text.slice(0, ANSWER_LIMIT);
}

function bodyOf(text: string): Bytes {
  const bytes = utf8(text);
  if (bytes.length <= BODY_LIMIT) return bytes;
  // What is cut within a letter is left out, since a body that is no UTF-8 is not kept there.
  const decoder = new TextDecoder();
  const tail = BODY_LIMIT - BODY_HEAD - utf8(CUT).length;
  const whole = (part: Uint8Array) => decoder.decode(part).replaceAll(/^\uFFFD+|\uFFFD+$/g, "");
  return utf8(`${whole(bytes.subarray(0, BODY_HEAD))}${CUT}${whole(bytes.subarray(-tail))}`);
}

/** What fetch says itself may hold the whole URL. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "did not answer in time";
  if (error instanceof Error && error.name === "AbortError") return "was not waited for";
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  const words: Record<string, string> = {
    ECONNREFUSED: "refused the connection",
    ConnectionRefused: "refused the connection",
    ECONNRESET: "broke the connection",
    ENOTFOUND: "is not known to the name server",
  };
  return words[code] ?? `cannot be reached (${code.replaceAll(/[^\w]/g, "")})`;
}

/** An abort ends it early. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
