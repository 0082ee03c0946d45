import type { MongodbUser } from "../../../scripts/services/mongodb.ts";
import { leastRole } from "../least-role.ts";

/**
 * The users that the documentation tells to make in mongosh, for the database of this name: what it says is done as it
 * would be done there.
 */
export async function documentedUsers(database: string): Promise<MongodbUser[]> {
  const users: MongodbUser[] = [];
  const shell = (name: string) => ({
    getSiblingDB: (other: string) => shell(other),
    createUser: ({ user, pwd, roles }: { user: string; pwd: string; roles: MongodbUser["roles"] }) =>
      users.push({ user, password: pwd, database: name, roles }),
  });
  const statements = await leastRole("mongodb", { shop: database });
  // oxlint-disable-next-line no-implied-eval, no-new-func -- statements of our own documentation
  new Function("db", "passwordPrompt", statements)(shell("test"), () => "pw");
  return users;
}
