import type { z } from "zod";

import { FolderStore, folderOptions } from "./folder.ts";
import { createS3Store, s3Options } from "./s3.ts";
import type { Store } from "./store.ts";

/** Every type of store, by the word that the config has for it: its options, and how it is opened. */
export const storeDrivers = {
  folder: driver(folderOptions, async (options) => new FolderStore(options)),
  s3: driver(s3Options, createS3Store),
};

interface StoreDriver<Schema extends z.ZodType> {
  options: Schema;
  /** Opens a store; nothing is asked of it yet. */
  create(options: z.output<Schema>): Promise<Store>;
}

/** Lets the options' schema and the function that takes them agree on their type. */
function driver<Schema extends z.ZodType>(
  options: Schema,
  create: (options: z.output<Schema>) => Promise<Store>,
): StoreDriver<Schema> {
  return { options, create };
}
