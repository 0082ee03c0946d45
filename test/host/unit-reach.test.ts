import { expect, test } from "bun:test";
import { readOnlyFor } from "../../src/host/unit-reach.ts";
import { unitText } from "../../src/host/unit.ts";

const unit = { program: "/bin/true", config: null, environmentFile: null, user: "root", name: null };

test("readOnlyFor() reads what unitText() wrote", () => {
  const writes = ["/srv/back ups", '/srv/100%"\\', "/srv/a$b"];
  const text = unitText({ ...unit, writes });
  const below = writes.map((path) => `${path}/below`);
  const closed = ["/srv", "/srv/a$bc", "/srv/back"];
  expect(readOnlyFor([text], [...writes, ...below, "/var/lib/dbacked/x", ...closed])).toEqual(closed);
});

test.each<[string, readonly string[], boolean]>([
  ["nothing that is said", ["[Service]"], false],
  ["ProtectSystem=full", ["[Service]\nProtectSystem=full"], false],
  ["ProtectSystem=strict", ["[Service]\nProtectSystem=strict"], true],
  ["a line of another section", ["[Unit]\nProtectSystem=strict"], false],
  ["a comment", ["[Service]\nProtectSystem=strict\n# ReadWritePaths=/srv"], true],
  ["an override", ["[Service]\nProtectSystem=strict", "[Service]\nReadWritePaths=/srv"], false],
  ["an override that lifts all", ["[Service]\nProtectSystem=strict", "[Service]\nProtectSystem=no"], false],
  [
    "an override that begins anew",
    [
      "[Service]\nProtectSystem=strict\nReadWritePaths=/srv",
      "[Service]\nReadWritePaths=\nReadWritePaths=/mnt",
    ],
    true,
  ],
  ["a list that goes on", ["[Service]\nProtectSystem=strict\nReadWritePaths=/mnt \\\n  -/srv/app/"], false],
  ["the whole system", ["[Service]\nProtectSystem=strict\nReadWritePaths=/"], false],
])("readOnlyFor() understands %s", (_, texts, isClosed) => {
  expect(readOnlyFor(texts, ["/srv/app"])).toEqual(isClosed ? ["/srv/app"] : []);
});
