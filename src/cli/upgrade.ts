import { version as current } from "../../package.json";
import { log } from "../base/log.ts";
import { checkOurs, ownExecutable } from "../release/executable.ts";
import { placeOf } from "../release/place.ts";
import { RELEASE_KEY } from "../release/signature.ts";
import { describeHost, fileFor } from "../release/target.ts";
import { findOffer, type Offer, replaceBy } from "../release/upgrade.ts";
import { defineCommand } from "./command.ts";
import { printJson } from "./print/json.ts";

export const command = defineCommand({
  description:
    "Downloads the newest dbacked, or the version that is named, verifies its checksum and its signature, starts it once, " +
    "and puts it in the place of this program. DBACKED_DOWNLOAD_URL is where the releases are, if not at the usual place.",
  example: "dbacked upgrade --dry-run",
  operands: { value: "[VERSION]", least: 0, most: 1 },
  options: {
    dryRun: { kind: "flag", summary: "say what would be done; change nothing" },
    signature: { kind: "flag", on: true, summary: "do not verify the signature" },
    version: {
      kind: "refused",
      why: "the version stands alone here",
      instead: "dbacked upgrade 1.2.3; or dbacked --version",
    },
  },
  async run({ args, operands, globals, print, signal }) {
    const executable = await ownExecutable();
    await checkOurs(executable, signal);
    const version = operands[0]?.replace(/^v/, "") ?? null;
    const [place, file] = [placeOf(process.env["DBACKED_DOWNLOAD_URL"]), fileFor(await describeHost())];
    const wish = { place, version, current, file, key: RELEASE_KEY, verifies: args.signature };
    const offer = await findOffer(wish, signal);
    if (offer.doubt !== null) log.warn(`the signature was not verified: ${offer.doubt}`);
    const isDue = offer.version !== current && !args.dryRun;
    if (isDue) await replaceBy(offer, executable, signal);
    const outcome = { executable, from: current, to: offer.version, upgraded: isDue };
    print(globals.json ? printJson(outcome) : describe(offer, executable, args.dryRun));
  },
});

function describe({ version, url }: Offer, executable: string, isDry: boolean): string {
  if (version === current) return `${executable} is dbacked ${version} already`;
  if (isDry) return `Would replace dbacked ${current} in ${executable} by ${version} from ${url}`;
  return `Replaced dbacked ${current} in ${executable} by ${version}`;
}
