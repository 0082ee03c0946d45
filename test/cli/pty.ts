/** A program on a pseudo-terminal, and somebody who reads and types. */
export interface Session {
  /** Waits until `text` has been printed after what was waited for before. */
  see(text: string): Promise<void>;
  type(keys: string): void;
  /** Lets the terminal go away, as when a connection breaks. */
  hangUp(): void;
  /** Everything that was printed, control characters and all, once the program has ended. */
  ended: Promise<{ code: number; screen: string }>;
}

interface Place {
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Columns of the terminal. @default 80 */
  columns?: number;
}

const TIMEOUT_MS = 20_000;

/** Runs a program on a terminal of its own. */
export function openTerminal(argv: readonly string[], { cwd, env, columns = 80 }: Place): Session {
  let screen = "";
  let seen = 0;
  let printed = Promise.withResolvers<void>();
  const decoder = new TextDecoder();
  const child = Bun.spawn([...argv], {
    cwd,
    env: { TERM: "xterm", LC_ALL: "C.UTF-8", PATH: process.env["PATH"] ?? "", ...env },
    terminal: {
      cols: columns,
      rows: 24,
      data(_terminal, bytes) {
        screen += decoder.decode(bytes, { stream: true });
        printed.resolve();
        printed = Promise.withResolvers();
      },
    },
  });
  const finish = async () => {
    const code = await child.exited;
    child.terminal?.close();
    return { code, screen };
  };
  return {
    async see(text) {
      const end = performance.now() + TIMEOUT_MS;
      for (;;) {
        const at = screen.indexOf(text, seen);
        if (at !== -1) {
          seen = at + text.length;
          return;
        }
        if (performance.now() > end) throw new Error(`no ${JSON.stringify(text)} in ${screen}`);
        // Not longer than a moment, so that a screen that stands still is noticed too.
        await Promise.race([printed.promise, Bun.sleep(100)]);
      }
    },
    type: (keys) => child.terminal?.write(keys),
    hangUp: () => child.terminal?.close(),
    ended: finish(),
  };
}

/** The lines as they stood on the screen at the end, as far as a line was not drawn over. */
export function plainLines(screen: string): string[] {
  return Bun.stripANSI(screen)
    .split("\n")
    .map((line) => (line.trimEnd().split("\r").at(-1) ?? "").trimEnd());
}
