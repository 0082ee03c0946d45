import { version } from "../package.json";

const argv = process.argv.slice(2);

if (argv.length === 1 && argv[0] === "--version") {
  process.stdout.write(`${version}\n`);
} else {
  const { start } = await import("./cli/start.ts");
  // A connection that is kept alive must not keep the program alive.
  process.exit(await start(argv, version));
}
