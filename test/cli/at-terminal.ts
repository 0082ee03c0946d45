// Run by terminal.test.ts on a pseudo-terminal: does one thing that needs one, and prints the outcome on stdout.
import { log } from "../../src/base/log.ts";
import { showProgress } from "../../src/cli/print/progress.ts";
import { askPassphrase, choose, confirmByName } from "../../src/cli/print/prompt.ts";
import { flushOutput, terminalCaller } from "../../src/cli/terminal.ts";

const { signal } = new AbortController();
const caller = terminalCaller("1.2.3");

async function act(what: string): Promise<string> {
  switch (what) {
    case "choose": {
      const choices = ["first", "second", "third"].map((label) => ({ value: label, label }));
      return await choose({ message: "Which backup?", instead: "--last-backup" }, choices, signal);
    }
    case "passphrase": {
      const question = { message: "Passphrase?", instead: "DBACKED_PRIVATE_KEY_PASSPHRASE" };
      return (await askPassphrase(question, signal)).reveal();
    }
    case "confirm":
      await confirmByName({ message: "Type shop", instead: "--to-source -y" }, "shop", signal);
      return "confirmed";
    case "flood":
      caller.print("x".repeat(3_000_000));
      return "printed";
    case "progress": {
      using _ = showProgress("shop", () => [["dumped", 2048]], "line");
      await Bun.sleep(250);
      log.info("a line of the log");
      caller.print("data");
      await Bun.sleep(250);
      return "done";
    }
    default:
      throw new RangeError(what);
  }
}

caller.prepare({
  config: undefined,
  json: false,
  quiet: false,
  verbose: false,
  color: true,
  help: false,
  version: false,
});
try {
  caller.print(`outcome: ${await act(process.argv[2] ?? "")}`);
} catch (error) {
  caller.print(`outcome: ${String(error)}`);
}
await flushOutput();
process.exit(0);
