import { expect, test } from "bun:test";

import { type Finished, run } from "../integration/binary.ts";
import { sharedKeys } from "../integration/workspace.ts";

const TIMEOUT_MS = 30_000;

async function restore(line: string): Promise<Finished> {
  return await run(["restore", ...line.split(" ")]);
}

test.each([
  ["--last-backup --raw-output --force", "--force cannot be used with --raw-output"],
  [
    "--raw-input --raw-output --jobs 2 --spool-directory /tmp",
    "--jobs and --spool-directory cannot be used with --raw-output",
  ],
  ["--last-backup --raw-output --no-owner", "--no-owner cannot be used with --raw-output"],
  [
    "--last-backup --raw-output --no-single-transaction",
    "--no-single-transaction cannot be used with --raw-output",
  ],
  ["--last-backup --to sqlite:///x.db --spool-directory /tmp", "--spool-directory needs --jobs"],
  ["--raw-input --to sqlite:///x.db --store s3", "--store cannot be used with --raw-input"],
  ["--raw-input --raw-output --database shop", "--database cannot be used with --raw-input"],
])(
  "restore %s is refused before anything is read",
  async (line, says) => {
    const { exitCode, stderr } = await restore(line);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(says) });
  },
  TIMEOUT_MS,
);

test(
  "restore --raw-input --database names the database of the config that is the target",
  async () => {
    expect((await restore("--raw-input --database shop")).stderr).not.toContain("cannot be used");
  },
  TIMEOUT_MS,
);

test(
  "restore --to says which databases this version does not know",
  async () => {
    const { privateKey } = await sharedKeys();
    const { exitCode, stderr } = await restore(
      `--raw-input --private-key-path ${privateKey} --to oracle://a/b`,
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--to needs a URL");
  },
  TIMEOUT_MS,
);
