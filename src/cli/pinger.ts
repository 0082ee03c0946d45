import { log } from "../base/log.ts";
import type { DatabaseConfig } from "../config/config.ts";
import { type Patience, ping, type PingAnswer, type PingWord } from "../notify/ping.ts";

/** On a signal, whoever sent it waits for our end. */
const HURRY: Patience = { tries: 1, limitMs: 2000 };

/** Pings the check of one entry of the config, if it has one, in one run. Whatever goes wrong is a warning. */
export class Pinger {
  readonly #entry: DatabaseConfig;
  readonly #runId = crypto.randomUUID();
  readonly #starting = new AbortController();
  #start: Promise<PingAnswer | null> | null = null;

  constructor(entry: DatabaseConfig) {
    this.#entry = entry;
  }

  /** Tells once that something has begun. Nobody has to wait for that, and the end tells whether pings arrive. */
  begin(): void {
    this.#start ??= this.#send("start", "", this.#starting.signal);
  }

  /** Tells how it ended, in haste if `signal` was aborted. */
  async end(word: "success" | "fail", body: string, signal: AbortSignal): Promise<void> {
    this.#starting.abort();
    await this.#start;
    const answer = signal.aborted
      ? await this.#send(word, body, AbortSignal.timeout(HURRY.limitMs), HURRY)
      : await this.#send(word, body, signal);
    if (answer !== null && answer.failure !== null)
      log.warn(`${this.#entry.name}: its check was not told of ${word}: ${answer.host} ${answer.failure}`);
  }

  async #send(
    word: PingWord,
    body: string,
    signal: AbortSignal,
    patience?: Patience,
  ): Promise<PingAnswer | null> {
    const { name, pingUrl } = this.#entry;
    if (pingUrl === null) return null;
    const answer = await ping({ url: pingUrl, word, body, runId: this.#runId }, signal, patience);
    log.debug(`${name}: ping "${word}": ${answer.host} ${answer.failure ?? "took it"}`);
    return answer;
  }
}
