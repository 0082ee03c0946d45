import { z } from "zod";

import type { ByteTransform } from "../base/bytes.ts";
import { decompressor } from "./decompressor.ts";
import { zstdFrames } from "./zstd.ts";

/** How a new backup is compressed. */
export type Codec = { name: "zstd"; level: number } | { name: "none" };

/** How a backup may have been compressed: gzip was what the first version wrote. */
export type Compression = "none" | "zstd" | "gzip";

const DEFAULT_LEVEL = 3;

const RANGE = 'expected a level from 1 (fast) to 19 (small), or "none"';

/**
 * The option `compression` of a database: a level from 1 (fast) to 19 (small), or `none`.
 *
 * @default 3
 */
export const compressionOption = z
  .union([z.literal("none"), z.int(RANGE).min(1, RANGE).max(19, RANGE)], { error: RANGE })
  .default(DEFAULT_LEVEL)
  .transform((value): Codec => (value === "none" ? { name: "none" } : { name: "zstd", level: value }));

/** Compresses a dump. The result is one valid stream for the `zstd` command, in bounded memory. */
export function compress(codec: Codec): ByteTransform {
  return codec.name === "none" ? new TransformStream() : zstdFrames(codec.level);
}

/** Undoes `compress()`. Data that is damaged or cut is a stream error of kind `damaged`. */
export function decompress(compression: Compression): ByteTransform {
  return compression === "none" ? new TransformStream() : decompressor(compression);
}
