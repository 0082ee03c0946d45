import { ptr } from "bun:ffi";
import { utf8 } from "../base/bytes.ts";
import { openLibc } from "./libc.ts";

/** What a service says of itself. @see sd_notify(3) */
export type Notice = Readonly<
  Partial<Record<"READY" | "RELOADING" | "STOPPING" | "WATCHDOG" | "STATUS" | "MONOTONIC_USEC", string>>
>;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_NOSIGNAL = 0x4000;

/** As long as an address of a Unix socket may be, in bytes. @see unix(7) */
const LONGEST_PATH = 108;

/** The service manager that started this process, which hears of it by datagrams. */
export class ServiceManager {
  /** How long, in ms, it waits for a WATCHDOG before it kills this process; null if it does not. */
  readonly watchdogMs: number | null;
  readonly #address: Uint8Array;
  readonly #libc: ReturnType<typeof openLibc>;
  readonly #socket: number;

  private constructor(address: Uint8Array, watchdogMs: number | null) {
    this.#address = address;
    this.watchdogMs = watchdogMs;
    this.#libc = openLibc();
    this.#socket = this.#libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.#socket < 0) throw new Error("no socket can be opened");
  }

  /**
   * The manager that the environment names; null if there is none.
   *
   * @throws if there is one that cannot be told anything.
   */
  static of(environment: Readonly<Record<string, string | undefined>>): ServiceManager | null {
    const { NOTIFY_SOCKET: socket = "", WATCHDOG_PID: pid, WATCHDOG_USEC: usec = "" } = environment;
    if (process.platform !== "linux" || !/^[/@]./.test(socket)) return null;
    const isOurs = pid === undefined || pid === "" || Number(pid) === process.pid;
    const watchdogMs = isOurs && /^[1-9]\d*$/.test(usec) ? Number(usec) / 1000 : null;
    return new ServiceManager(addressOf(socket), watchdogMs);
  }

  /** Whoever does not listen any more changes nothing here. */
  tell(notice: Notice): void {
    const lines = Object.entries(notice).map(([key, value]) => `${key}=${value.replaceAll("\n", " ")}`);
    const message = utf8(lines.join("\n"));
    const { length } = this.#address;
    this.#libc.sendto(this.#socket, ptr(message), message.length, MSG_NOSIGNAL, ptr(this.#address), length);
  }
}

/** The name of an abstract socket begins with a zero byte, and has no end but its length. */
function addressOf(socket: string): Uint8Array {
  const isAbstract = socket.startsWith("@");
  const name = utf8(isAbstract ? `\0${socket.slice(1)}` : `${socket}\0`);
  if (name.length > LONGEST_PATH) throw new Error(`the name of the socket ${socket} is too long`);
  const address = new Uint8Array(2 + name.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}
