import { type Command, type Group, isGroup } from "./command.ts";

/** A command, or a group of them, under its whole name. */
export interface Named<T> {
  /** As it is typed: `dbacked signer new`. */
  name: string;
  summary: string;
  target: T;
}

/** Loads every command below a group, groups first, in the order in which they stand. */
export async function listCommands(group: Group, name: string): Promise<Named<Command | Group>[]> {
  const all: Named<Command | Group>[] = [];
  for (const [word, { summary, load }] of Object.entries(group.commands)) {
    const named = { name: `${name} ${word}`, summary, target: await load() };
    all.push(named);
    if (isGroup(named.target)) all.push(...(await listCommands(named.target, named.name)));
  }
  return all;
}
