import { expect, test } from "bun:test";
import fc from "fast-check";
import { Secret } from "../../src/base/secret.ts";
import { ping, type Ping, testPing } from "../../src/notify/ping.ts";
import { isPlainPing, pingHostOf, pingUrlFor, pingUrlOption } from "../../src/notify/ping-url.ts";
import { CheckServer } from "./check-server.ts";

const never = new AbortController().signal;
const RUN = "11111111-2222-4333-8444-555555555555";

function to(server: CheckServer, path: string, rest: Partial<Ping> = {}): Ping {
  return { url: new Secret(`${server.url}${path}`), word: "success", ...rest };
}

test.each([
  ["/uuid", "start", undefined, "/uuid/start"],
  ["/uuid", "success", undefined, "/uuid"],
  ["/uuid/", "fail", undefined, "/uuid/fail"],
  ["/uuid", "log", RUN, `/uuid/log?rid=${RUN}`],
  ["/key/shop?create=1", "start", RUN, `/key/shop/start?create=1&rid=${RUN}`],
  ["/key/shop?a=b%20c", "success", undefined, "/key/shop?a=b%20c"],
  ["", "start", undefined, "/start"],
] as const)("ping() of %p with %p goes to the right path", async (path, word, runId, expected) => {
  await using server = new CheckServer();
  const answer = await ping(to(server, path, { word, ...(runId && { runId }), body: "text" }), never);
  expect(answer).toEqual({ host: server.host, failure: null, status: 200 });
  expect(server.received.map(({ method, path, body }) => [method, path, body])).toEqual([
    ["POST", expected, "text"],
  ]);
});

test("ping() sends a name and a password of the URL as a header", async () => {
  await using server = new CheckServer();
  const url = new Secret(`http://us%40er:pa%3Ass@${server.host}/uuid`);
  expect((await ping({ url, word: "fail" }, never)).failure).toBeNull();
  expect(server.received[0]?.headers.get("authorization")).toBe(`Basic ${btoa("us@er:pa:ss")}`);
});

test("ping() tries again after an answer that may pass, and then has success", async () => {
  await using server = new CheckServer();
  server.answer = () => new Response("", { status: server.received.length === 1 ? 503 : 200 });
  expect((await ping(to(server, "/uuid"), never)).failure).toBeNull();
  expect(server.received).toHaveLength(2);
});

test("ping() gives up when its tries are spent", async () => {
  await using server = new CheckServer();
  server.answer = () => new Response("", { status: 500 });
  const answer = await ping(to(server, "/uuid"), never, { tries: 2, limitMs: 1000 });
  expect(answer).toEqual({ host: server.host, failure: "answered 500", status: 500 });
  expect(server.received).toHaveLength(2);
});

test.each([
  [new Response("not found", { status: 404 }), "answered 404, no such check"],
  [new Response("OK (not found)"), "did not take it: not found"],
  [new Response("OK (rate limited)"), "did not take it: rate limited"],
  [
    new Response("", { status: 302, headers: { location: "https://other.example/secret" } }),
    "leads elsewhere (302, to other.example), where no ping is sent",
  ],
])("ping() does not repeat what cannot pass: %#", async (response, failure) => {
  await using server = new CheckServer();
  server.answer = () => response;
  expect((await ping(to(server, "/uuid"), never)).failure).toBe(failure);
  expect(server.received).toHaveLength(1);
});

test("ping() does not wait for a server that hangs, before or within its answer", async () => {
  await using server = new CheckServer();
  const once = { tries: 1, limitMs: 150 };
  server.answer = async () => await new Promise(() => {});
  expect((await ping(to(server, "/uuid"), never, once)).failure).toBe("did not answer in time");
  server.answer = () => new Response(new ReadableStream({ start: (it) => it.enqueue("O") }));
  expect((await ping(to(server, "/uuid"), never, once)).failure).toBe("did not answer in time");
});

test("ping() reads no endless answer", async () => {
  await using server = new CheckServer();
  server.answer = () => new Response(new ReadableStream({ pull: (it) => it.enqueue("x".repeat(65_536)) }));
  expect((await ping(to(server, "/uuid"), never)).failure).toBeNull();
});

test("ping() ends at once when it is not waited for", async () => {
  await using server = new CheckServer();
  server.answer = async () => await new Promise(() => {});
  const failure = (await ping(to(server, "/uuid"), AbortSignal.timeout(100))).failure;
  expect(failure).toBe("did not answer in time");
  expect(server.received).toHaveLength(1);
});

test.each([
  ["http://127.0.0.1:1/hunter2", "refused the connection"],
  ["http://hunter2.invalid/hunter2", "is not known to the name server"],
])("ping() to nobody says why, and never the URL: %#", async (url, why) => {
  const answer = await ping({ url: new Secret(url), word: "fail" }, never, { tries: 1, limitMs: 5000 });
  expect(answer.status).toBeNull();
  expect(answer.failure).toBe(why);
});

test("ping() goes through a proxy", async () => {
  await using proxy = new CheckServer();
  const script = `
    import { Secret } from "${import.meta.dir}/../../src/base/secret.ts";
    import { ping } from "${import.meta.dir}/../../src/notify/ping.ts";
    const url = new Secret("http://check.example/uuid");
    console.log((await ping({ url, word: "fail" }, new AbortController().signal)).failure);`;
  const env = { ...process.env, HTTP_PROXY: proxy.url, http_proxy: "", NO_PROXY: "", no_proxy: "" };
  const child = Bun.spawn([process.execPath, "-e", script], { env, stdout: "pipe" });
  expect(await new Response(child.stdout).text()).toBe("null\n");
  expect(proxy.received[0]?.headers.get("host")).toBe("check.example");
});

test("ping() cuts the middle of a long body, and no letter of it", async () => {
  await using server = new CheckServer();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20_000 }),
      fc.constantFrom("a", "é", "€", "😀"),
      async (n, letter) => {
        const body = `begin ${letter.repeat(n)} end`;
        await ping(to(server, "/uuid", { body }), never);
        const sent = server.received.at(-1)?.body ?? "";
        expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(10_000);
        expect(sent).not.toContain("\uFFFD");
        expect(sent.startsWith("begin ") && sent.endsWith(" end")).toBe(true);
        if (Buffer.byteLength(body) <= 10_000) expect(sent).toBe(body);
      },
    ),
    { numRuns: 30 },
  );
});

test("testPing() says what came back, after one try", async () => {
  await using server = new CheckServer();
  server.answer = () => new Response("", { status: 500 });
  const answer = await testPing(new Secret(`${server.url}/uuid`), never);
  expect(answer).toEqual({ host: server.host, failure: "answered 500", status: 500 });
  expect(server.paths).toEqual(["/uuid/log"]);
});

test.each([
  ["https://hc-ping.com/uuid", true],
  ["http://10.0.0.1/ping/uuid", true],
  ["ftp://hc-ping.com/uuid", false],
  ["hc-ping.com/uuid", false],
  ["", false],
])("pingUrlOption judges %p", (url, good) => {
  expect(pingUrlOption.safeParse(new Secret(url)).success).toBe(good);
});

test("pingUrlFor() puts in the name, and pingHostOf() shows the host alone", () => {
  const url = new Secret("https://hc.example:8443/ping/hunter2/{name}");
  expect(pingUrlFor(url, "srv.shop").reveal()).toBe("https://hc.example:8443/ping/hunter2/srv.shop");
  expect(pingHostOf(url)).toBe("hc.example:8443");
});

test.each([
  ["http://hc.example/uuid", true],
  ["https://hc.example/uuid", false],
  ["http://localhost:8000/uuid", false],
  ["http://127.0.0.1:8000/uuid", false],
  ["http://[::1]:8000/uuid", false],
  ["http://127.0.0.1.evil.example/uuid", true],
])("isPlainPing() of %p is %p", (url, plain) => {
  expect(isPlainPing(new Secret(url))).toBe(plain);
});
