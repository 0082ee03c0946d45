import { expect, test } from "bun:test";
import { startPostgres } from "../../scripts/services/postgres.ts";
import { sharedPostgres } from "../services.ts";

test("sharedPostgres() gives the same server when asked twice", async () => {
  const [one, two] = await Promise.all([sharedPostgres(), sharedPostgres()]);
  expect(one).toBe(two);
  expect(await one.query("select 1")).toBe("1\n");
});

test("startPostgres() asks for the password and encrypts when told so", async () => {
  await using server = await startPostgres({ password: "se:cr\\et", tls: true });
  expect(await server.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")).toBe("t\n");
  const wrong = Bun.spawn(
    [`${server.binDirectory}/psql`, "-w", "-h", server.host, "-p", String(server.port), "-U", "postgres"],
    { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  );
  expect(await wrong.exited).toBe(2);
});
