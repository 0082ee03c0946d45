import { nameIn, readable, type Statement } from "./globals-script.ts";
import { identifier } from "./psql.ts";

/** What a server has, that roles are restored into. */
export interface GlobalsTarget {
  versionNumber: number;
  roles: readonly string[];
  tablespaces: readonly string[];
  /** The role that restores, and the one that the server was made with: neither is ever changed. */
  untouchable: readonly string[];
}

/** What is to be run, and what is told. */
export interface GlobalsPlan {
  /** Settings of the session, before the transaction. */
  settings: readonly string[];
  statements: readonly string[];
  notices: readonly string[];
}

/** What a statement is about. */
type Subject =
  | { about: "settings" | "session" | "unknown" }
  | { about: "role"; role: string; creates: boolean }
  | { about: "membership"; group: string; member: string; grantor: string | null; isAdmin: boolean }
  | { about: "parameter"; grantee: string | null }
  | { about: "tablespace"; tablespace: string };

/** Since this version whoever grants a role must be its administrator, and who restores is made the grantor otherwise. */
const STRICT_GRANTORS = 160_000;
/** The first one that grants parameters. */
const PARAMETERS = 150_000;

/**
 * Decides which statements of a dump are run. A role that the server has is left as it is, and so are its memberships in
 * other roles that it has; with `force` only those that must not be touched are.
 */
export function planGlobals(
  dump: readonly Statement[],
  target: GlobalsTarget,
  { force }: { force: boolean },
): GlobalsPlan {
  const judge = new Judge(target, force);
  const settings: string[] = [];
  const statements: string[] = [];
  const commands: string[] = [];
  for (const { text, words } of dump) {
    const subject = subjectOf(words);
    const verdict = judge.judge(subject, words);
    if (subject.about === "settings") settings.push(text);
    else if (verdict === "run") statements.push(text);
    else if (verdict === "without-grantor") statements.push(withoutGrantor(text));
    else if (verdict === "tell") commands.push(readable(text));
  }
  return { settings, statements, notices: [...judge.notices(), ...commands] };
}

type Verdict = "run" | "without-grantor" | "skip" | "tell";

class Judge {
  readonly #version: number;
  readonly #force: boolean;
  readonly #roles: ReadonlySet<string>;
  readonly #tablespaces: ReadonlySet<string>;
  /** Roles that are left as they are. */
  readonly #untouchable: ReadonlySet<string>;
  /** Those of the dump that the server had already. */
  readonly #existing = new Set<string>();
  readonly #existingTablespaces = new Set<string>();
  /** Who administers which role, by statements that were run. */
  readonly #admins = new Set<string>();
  readonly #withoutPassword: string[] = [];

  constructor({ versionNumber, roles, tablespaces, untouchable }: GlobalsTarget, force: boolean) {
    this.#version = versionNumber;
    this.#force = force;
    this.#roles = new Set(roles);
    this.#tablespaces = new Set(tablespaces);
    this.#untouchable = force ? new Set(untouchable) : this.#roles;
  }

  judge(subject: Subject, words: readonly string[]): Verdict {
    const verdict = this.#decide(subject);
    this.#remember(subject, words, verdict);
    return verdict;
  }

  /** What is to be told of all that was judged. */
  notices(): string[] {
    const existing = [...this.#existing];
    return [
      ...told(
        "changed, since they were there already",
        existing.filter((role) => this.#mayChange(role)),
      ),
      ...told(
        "left as they are, since they were there already",
        existing.filter((role) => !this.#mayChange(role)),
      ),
      ...told("without a password in the backup", this.#withoutPassword),
      ...told("left as they are", [...this.#existingTablespaces], "tablespaces"),
    ];
  }

  #decide(subject: Subject): Verdict {
    if (subject.about === "role") {
      const isRun = subject.creates ? this.#isNew(subject.role) : this.#mayChange(subject.role);
      return isRun ? "run" : "skip";
    }
    if (subject.about === "membership") return this.#judgeMembership(subject);
    if (subject.about === "parameter") return this.#judgeParameter(subject.grantee);
    // One cannot be made in a transaction, nor without a folder on the server.
    if (subject.about === "tablespace") return this.#tablespaces.has(subject.tablespace) ? "skip" : "tell";
    return subject.about === "unknown" ? "tell" : "run";
  }

  #remember(subject: Subject, words: readonly string[], verdict: Verdict): void {
    if (subject.about === "tablespace" && verdict === "skip")
      this.#existingTablespaces.add(subject.tablespace);
    if (subject.about === "membership" && subject.isAdmin && verdict !== "skip")
      this.#admins.add(pair(subject.group, subject.member));
    if (subject.about !== "role") return;
    if (!this.#isNew(subject.role)) this.#existing.add(subject.role);
    else if (words[3] === "WITH" && words.includes("LOGIN") && !words.includes("PASSWORD"))
      this.#withoutPassword.push(subject.role);
  }

  #judgeMembership({ group, member, grantor }: Subject & { about: "membership" }): Verdict {
    if (!this.#isNew(group) && !this.#mayChange(member)) return "skip";
    const isStrict = this.#version >= STRICT_GRANTORS;
    return grantor === null || !isStrict || this.#admins.has(pair(group, grantor))
      ? "run"
      : "without-grantor";
  }

  /** @param grantee null for everybody. */
  #judgeParameter(grantee: string | null): Verdict {
    if (this.#version < PARAMETERS) return "tell";
    if (grantee === null) return this.#force ? "run" : "tell";
    return this.#mayChange(grantee) ? "run" : "skip";
  }

  #isNew(role: string): boolean {
    return !this.#roles.has(role);
  }

  #mayChange(role: string): boolean {
    return !this.#untouchable.has(role);
  }
}

function pair(group: string, member: string): string {
  return JSON.stringify([group, member]);
}

function told(what: string, names: readonly string[], sort = "roles"): string[] {
  return names.length === 0 ? [] : [`${sort} ${what}: ${names.map(identifier).join(", ")}`];
}

function subjectOf(words: readonly string[]): Subject {
  const [verb = "", sort = ""] = words;
  if (verb === "SET" && words[2] === "=") return { about: "settings" };
  if (["SET", "RESET"].includes(verb) && sort === "SESSION") return { about: "session" };
  if (verb === "GRANT" && words[2] === "TO") return membershipOf(words);
  if (["CREATE", "ALTER"].includes(verb)) return objectOf(words, 1, verb === "CREATE");
  const on = words.indexOf("ON");
  if (["COMMENT", "SECURITY"].includes(verb)) return objectOf(words, on + 1, false);
  if (!["GRANT", "REVOKE"].includes(verb) || on < 0) return { about: "unknown" };
  if (words[on + 1] !== "PARAMETER") return objectOf(words, on + 1, false);
  const to = words.findLastIndex((word) => word === "TO" || word === "FROM");
  const grantee = words[to + 1];
  return { about: "parameter", grantee: grantee === "PUBLIC" ? null : nameIn(grantee) };
}

/** A statement whose words at `at` are the sort and the name of an object. */
function objectOf(words: readonly string[], at: number, creates: boolean): Subject {
  const name = nameIn(words[at + 1]);
  // What a role sets in one database goes with that database.
  if (words[at] === "ROLE" && words[at + 2] !== "IN") return { about: "role", role: name, creates };
  return words[at] === "TABLESPACE" ? { about: "tablespace", tablespace: name } : { about: "unknown" };
}

function membershipOf(words: readonly string[]): Subject {
  const by = words.lastIndexOf("GRANTED");
  const admin = words.indexOf("ADMIN");
  return {
    about: "membership",
    group: nameIn(words[1]),
    member: nameIn(words[3]),
    grantor: by < 0 ? null : nameIn(words[by + 2]),
    isAdmin: admin >= 0 && words[admin + 1] !== "FALSE",
  };
}

function withoutGrantor(text: string): string {
  return text.replace(/ GRANTED BY (?:"[^"]*(?:""[^"]*)*"|[^\s"]+);$/, ";");
}
