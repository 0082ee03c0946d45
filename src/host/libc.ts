import { dlopen } from "bun:ffi";

/** What it is called by glibc, and by musl. */
const NAMES = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

const SYMBOLS = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
} as const;

type Libc = ReturnType<typeof dlopen<typeof SYMBOLS>>["symbols"];

/**
 * The system's C library, for the few calls that have no other way.
 *
 * @throws if there is none, or no just-in-time compiler to call it by.
 */
export function openLibc(): Libc {
  let failure: unknown;
  for (const name of NAMES) {
    try {
      return dlopen(name, SYMBOLS).symbols;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
