import { chmod, mkdir, readdir, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";

/** Programs that write down what comes to their stdin, and pass it on to the real ones. */
interface Recorder extends AsyncDisposable {
  /** For `databaseToolsDirectory`. */
  directory: string;
  /** What each run of such a program saw. */
  runs(): Promise<readonly Recorded[]>;
}

export interface Recorded {
  program: string;
  /** How much it had read. */
  bytes: number;
  /** Whether its input had come to an end, as it does when all is well. */
  sawEnd: boolean;
}

const SCRIPT = `#!/usr/bin/env python3
import os, subprocess, sys
real, log = %REAL%, %LOG%
if "--version" in sys.argv:
    os.execv(real, [real] + sys.argv[1:])
child = subprocess.Popen([real] + sys.argv[1:], stdin=subprocess.PIPE, close_fds=False)
seen = 0
note = open("%s/%s.%d" % (log, os.path.basename(real), os.getpid()), "w")
while True:
    piece = os.read(0, 65536)
    seen += len(piece)
    note.seek(0)
    note.write("%d %s " % (seen, "more" if piece else "end"))
    note.flush()
    if not piece:
        break
    try:
        child.stdin.write(piece)
        child.stdin.flush()
    except BrokenPipeError:
        break
try:
    child.stdin.close()
except BrokenPipeError:
    pass
sys.exit(child.wait())
`;

/** Puts programs into a folder, by their paths; those of `recorded` write down what they read. */
export async function recordInput({
  recorded,
  others,
}: {
  recorded: readonly string[];
  others: readonly string[];
}): Promise<Recorder> {
  const folder = await temporaryFolder("recorder");
  const [directory, log] = [join(folder.path, "tools"), join(folder.path, "read")];
  for (const path of [directory, log]) await mkdir(path);
  for (const path of others) await symlink(path, join(directory, basename(path)));
  for (const path of recorded) {
    const file = join(directory, basename(path));
    await Bun.write(
      file,
      SCRIPT.replace("%REAL%", JSON.stringify(path)).replace("%LOG%", JSON.stringify(log)),
    );
    await chmod(file, 0o755);
  }
  const runs = async () =>
    await Promise.all(
      (await readdir(log)).map(async (name) => {
        const [bytes, state] = (await Bun.file(join(log, name)).text()).split(" ");
        return { program: name.replace(/\.\d+$/, ""), bytes: Number(bytes), sawEnd: state === "end" };
      }),
    );
  return { directory, runs, [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]() };
}
