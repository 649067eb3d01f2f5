// One session on a scripted line: hellos, replies whole and in pieces, and every end that an exchange can have.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../shared/clock.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { NetconfClient, type RpcOptions } from "./client.ts";
import { HELLO, ScriptedPeer, type Cut } from "./fixtures/peer.ts";
import { BASE } from "./names.ts";
import { RpcRefused } from "./rpc-error.ts";

const limits: RpcOptions = { deadlineMs: 5000 };
const redact = (text: string): string => text.replaceAll("hunter2", "‹hidden›");

async function open(peer: ScriptedPeer, clock = new ManualClock(), signal = new AbortController().signal) {
  return await NetconfClient.open({ stream: peer, clock, signal, helloMs: 1000, redact });
}

async function failure(promise: Promise<unknown>): Promise<{ code: string; detail: string; error: unknown }> {
  try {
    await promise;
  } catch (error) {
    return {
      code: errorCode(error),
      detail: error instanceof FarhandError ? (error.detail ?? "") : String(error),
      error,
    };
  }
  throw new Error("it did not fail");
}

const reply = (id: string, body: string, attributes = ""): string =>
  `<rpc-reply xmlns="${BASE}" message-id="${id}"${attributes}>${body}</rpc-reply>`;

describe("hello", () => {
  test("base:1.1 on both sides: chunks from the next message on, not before", async () => {
    const peer = new ScriptedPeer({ hello: HELLO, answer: (_, id) => reply(id, "<ok/>") });
    const client = await open(peer);
    expect(client.framing).toBe("chunked");
    expect(client.hello.sessionId).toBe(7);
    expect(peer.sent[0]).toMatch(/^<\?xml [^>]+>\n<hello .*<\/hello>\]\]>\]\]>$/v);
    await client.rpc("commit", "<commit/>", limits);
    expect(peer.sent[1]).toMatch(/^\n#\d+\n<\?xml /v);
    expect(peer.sent[1]?.endsWith("\n##\n")).toBe(true);
  });

  test("base:1.0 alone: the old framing stays", async () => {
    const peer = new ScriptedPeer({
      hello: HELLO.replace("base:1.1", "base:9.9"),
      answer: (_, id) => reply(id, "<ok/>"),
    });
    const client = await open(peer);
    expect(client.framing).toBe("end-of-message");
    await client.rpc("commit", "<commit/>", limits);
    expect(peer.sent[1]?.endsWith("</rpc>]]>]]>")).toBe(true);
  });

  test("what devices make of it: no namespace, capabilities broken over lines, comments, padding", async () => {
    const hello = `\0\0\n<!-- No zombies were killed --><hello><capabilities><capability>
      urn:ietf:params:netconf:base:1.0</capability><capability>urn:ietf:params:xml:ns:netconf:capability:confirmed-
      commit:1.0</capability><capability>urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode=explicit&amp;also-supported=report-all,report-all-tagged</capability></capabilities>
      <session-id> 4294967295 </session-id><x:more xmlns:x="v"><x:session-id>1</x:session-id></x:more></hello>`;
    const { hello: got } = await open(new ScriptedPeer({ hello }));
    expect(got.sessionId).toBe(4_294_967_295);
    expect(got.capabilities.has("confirmed-commit", "1.0")).toBe(true);
    expect(got.capabilities.has("confirmed-commit", "1.1")).toBe(false);
    expect(got.capabilities.defaults).toEqual({
      basic: "explicit",
      supported: ["explicit", "report-all", "report-all-tagged"],
    });
    expect(got.capabilities.hasPrivateCandidate).toBe(false);
  });

  test.each([
    ["no session id", HELLO.replace(/<session-id>.*<\/session-id>/v, "")],
    ["no session id", HELLO.replace(">7<", ">0<")],
    ["no session id", HELLO.replace(">7<", ">4294967296<")],
    ["two session ids", HELLO.replace("</session-id>", "</session-id><session-id>8</session-id>")],
    [
      "neither base:1.0 nor base:1.1",
      HELLO.replaceAll("<capability>urn:ietf:params:netconf:base", "<capability>urn:basis"),
    ],
    ["another", "<rpc-reply/>"],
    ["document type", `<!DOCTYPE hello>${HELLO}`],
    ["ends before", HELLO.slice(0, -3)],
    ["8192 characters", HELLO.replace("<capability>", `<capability>${"x".repeat(9000)}`)],
    [
      "20000 capabilities",
      HELLO.replace("<capabilities>", `<capabilities>${"<capability>a:b</capability>".repeat(20_001)}`),
    ],
  ])("refused: %s", async (words, hello) => {
    const peer = new ScriptedPeer({ hello });
    const { code, detail } = await failure(open(peer));
    expect([code, peer.closed]).toEqual(["NETCONF_MESSAGE", true]);
    expect(detail).toContain(words);
  });

  test("a device that says nothing is left at the deadline", async () => {
    const clock = new ManualClock();
    const peer = new ScriptedPeer({ hello: "" });
    const opening = failure(open(peer, clock));
    clock.advance(1000);
    expect((await opening).code).toBe("COMMAND_TIMEOUT");
    expect(peer.closed).toBe(true);
  });
});

describe("replies", () => {
  const answered = async (body: string, options: Partial<RpcOptions> = {}, cut?: Cut) => {
    const peer = new ScriptedPeer({
      hello: HELLO,
      answer: (_, id) => (body.startsWith("<rpc-reply") ? body : reply(id, body)),
      cut,
    });
    const client = await open(peer);
    return { client, peer, result: client.rpc("get-config", "<get-config/>", { ...limits, ...options }) };
  };
  const dataOf = async (body: string): Promise<string | null> => (await (await answered(body)).result).data;

  test("ok, and data as the device wrote them, a document of its own", async () => {
    expect(await (await answered("<ok/>")).result).toEqual({ ok: true, data: null, warnings: [] });
    expect(await dataOf("<data/>")).toBe(`<data xmlns="${BASE}"></data>`);
    expect(await dataOf("<data></data>")).toBe(`<data xmlns="${BASE}"></data>`);
    const inner = `\n  <a xmlns="u">x &amp; <![CDATA[<y>]]><!-- c --><b at='1 > 0' />é𝄞\r\n</a>\n`;
    expect(await dataOf(`<data>${inner}</data>`)).toBe(`<data xmlns="${BASE}">${inner}</data>`);
  });

  test("namespaces that were declared above the data are declared on them", async () => {
    const body = `<n:rpc-reply xmlns:n="${BASE}" n:message-id="1" xmlns:j="urn:j&quot;x" xmlns="d"><n:data xmlns:k="k"><a j:b="1"/></n:data></n:rpc-reply>`;
    const peer = new ScriptedPeer({ hello: HELLO, answer: () => body });
    const { data } = await (await open(peer)).rpc("get", "<get/>", limits);
    expect(data).toBe(`<n:data xmlns:k="k" xmlns:n="${BASE}" xmlns:j="urn:j&quot;x" xmlns="d"><a j:b="1"/></n:data>`);
  });

  test("the answer of a vendor's own operation comes out whole; errors and ok in it count", async () => {
    expect(await dataOf(`<configuration xmlns="j" at="1"><a/></configuration>`)).toBe(
      `<configuration xmlns="j" at="1"><a/></configuration>`,
    );
    const junos = `<load-configuration-results><rpc-error><error-severity>warning</error-severity><error-message>statement not found</error-message></rpc-error><ok/></load-configuration-results>`;
    const { ok, warnings } = await (await answered(junos)).result;
    expect([ok, warnings.length, warnings[0]?.message]).toEqual([true, 1, "statement not found"]);
  });

  test("what stands in data says nothing to us", async () => {
    const data = `<data><rpc-error><error-severity>error</error-severity></rpc-error><ok/></data>`;
    expect(await (await answered(data)).result).toEqual({
      ok: false,
      data: data.replace("<data", `<data xmlns="${BASE}"`),
      warnings: [],
    });
  });

  test("cut at every byte the data are the same, in either framing", async () => {
    const body = `<rpc-error><error-severity>warning</error-severity></rpc-error><data xmlns:x="y">\n<a>]]&gt;]]&gt;\n##\n<b c=">é𝄞"/></a><x:d/> </data>`;
    const whole = await dataOf(body);
    for (const version of ["1.0", "1.1"]) {
      const hello = HELLO.replace("base:1.1", `base:${version}`);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(600), { maxLength: 30 }), async (cuts) => {
          const cut: Cut = (bytes) => {
            const places = [...new Set(cuts.map((place) => place % bytes.length))].toSorted((a, b) => a - b);
            return [...places, bytes.length].map((place, index) => bytes.subarray(places[index - 1] ?? 0, place));
          };
          const parts: string[] = [];
          const client = await open(new ScriptedPeer({ hello, answer: (_, id) => reply(id, body), cut }));
          await client.rpc("get", "<get/>", { ...limits, sink: (text) => void parts.push(text) });
          expect(parts.join("")).toBe(whole);
        }),
      );
    }
  });

  test("errors are told of in full, warnings beside an ok are warnings", async () => {
    const error = `<rpc-error><error-type>protocol</error-type><error-tag>lock-denied</error-tag><error-severity>error</error-severity><error-app-tag>a</error-app-tag><error-path>/x</error-path><error-message xml:lang="en">held\u2028by hunter2</error-message><error-info><session-id>454</session-id><bad-element>b</bad-element></error-info></rpc-error>`;
    const { client, result } = await answered(error);
    const { code, detail, error: thrown } = await failure(result);
    expect(code).toBe("CANDIDATE_BUSY");
    expect(detail).toBe("get-config: lock-denied, a, held by ‹hidden›, /x, b, session 454");
    expect(thrown instanceof RpcRefused && thrown.errors).toEqual([
      {
        type: "protocol",
        tag: "lock-denied",
        severity: "error",
        appTag: "a",
        path: "/x",
        message: "held by ‹hidden›",
        info: [
          { name: "session-id", value: "454" },
          { name: "bad-element", value: "b" },
        ],
        sessionId: 454,
      },
    ]);
    // A no is an answer: the session goes on.
    expect(client.alive).toBe(true);
    const warned = await (await answered(`<ok/>${error.replace(">error<", ">warning<")}`)).result;
    expect([warned.ok, warned.warnings.length]).toEqual([true, 1]);
    expect((await (await answered(error.replace(">error<", ">warning<"))).result).warnings.length).toBe(1);
  });

  test.each([
    ["access-denied", "AUTHORIZATION_DENIED"],
    ["in-use", "CANDIDATE_BUSY"],
    ["operation-failed", "COMMAND_REFUSED"],
    ["made-up", "COMMAND_REFUSED"],
  ])("%s is %s", async (tag, code) => {
    expect((await failure((await answered(`<rpc-error><error-tag>${tag}</error-tag></rpc-error>`)).result)).code).toBe(
      code,
    );
  });

  test("five hundred long errors are a few short ones", async () => {
    const error = `<rpc-error><error-tag>${"t".repeat(10_000)}</error-tag><error-message>${"m".repeat(10_000)}</error-message></rpc-error>`;
    const { detail, error: thrown } = await failure((await answered(error.repeat(500))).result);
    expect(thrown instanceof RpcRefused && thrown.errors.length).toBe(100);
    expect(detail.length).toBeLessThan(2000);
    expect(detail).toContain("and 497 more");
  });

  test("an error behind any number of warnings is an error", async () => {
    const warning = `<rpc-error><error-severity>warning</error-severity></rpc-error>`;
    const { code } = await failure(
      (await answered(`<ok/>${warning.repeat(1000)}${warning.replace("warning", "error")}`)).result,
    );
    expect(code).toBe("COMMAND_REFUSED");
  });

  test.each([
    ["another message", `<rpc-reply xmlns="${BASE}" message-id="2"><data><a/></data></rpc-reply>`],
    ["without a message-id", `<rpc-reply xmlns="${BASE}"><ok/></rpc-reply>`],
    ["no rpc-reply", `<notification xmlns="${BASE}"/>`],
    ["no rpc-reply", `<rpc-reply xmlns="other" message-id="1"><ok/></rpc-reply>`],
    ["neither ok", ""],
    ["two elements with data", "<data/><data/>"],
    ["document type", `<!DOCTYPE a><rpc-reply/>`],
    ["undefined entity", "<data>&e;</data>"],
  ])("refused, and the session with it: %s", async (words, body) => {
    const seen: string[] = [];
    const peer = new ScriptedPeer({
      hello: HELLO,
      answer: (_, id) =>
        body.startsWith("<rpc-reply") || body.startsWith("<!") || body.startsWith("<n") ? body : reply(id, body),
    });
    const client = await open(peer);
    const { code, detail } = await failure(
      client.rpc("get", "<get/>", { ...limits, sink: (text) => void seen.push(text) }),
    );
    expect(code).toBe("NETCONF_MESSAGE");
    expect(detail).toContain(words);
    if (words === "another message") expect(seen).toEqual([]);
    expect([client.alive, peer.closed]).toEqual([false, true]);
    expect((await failure(client.rpc("get", "<get/>", limits))).code).toBe("CONNECTION_LOST");
  });

  test("an error without a message-id is ours: the device may not have understood that far", async () => {
    const body = `<rpc-reply xmlns="${BASE}"><rpc-error><error-tag>malformed-message</error-tag></rpc-error></rpc-reply>`;
    expect((await failure((await answered(body)).result)).code).toBe("COMMAND_REFUSED");
  });
});

describe("ends", () => {
  test("deadline: the session is of no more use, and what comes late goes nowhere", async () => {
    const clock = new ManualClock();
    const peer = new ScriptedPeer({ hello: HELLO, answer: () => null });
    const client = await open(peer, clock);
    const seen: string[] = [];
    const asking = failure(client.rpc("get", "<get/>", { ...limits, sink: (text) => void seen.push(text) }));
    await peer.asked(1);
    clock.advance(4999);
    expect(client.alive).toBe(true);
    clock.advance(1);
    expect((await asking).code).toBe("COMMAND_TIMEOUT");
    peer.say(`\n#4\n<a/>\n##\n`);
    expect([client.alive, peer.closed, seen]).toEqual([false, true, []]);
    expect((await failure(client.rpc("get", "<get/>", limits))).code).toBe("CONNECTION_LOST");
  });

  test("abort of the one rpc, and of everything", async () => {
    for (const which of ["rpc", "all"] as const) {
      const all = new AbortController();
      const one = new AbortController();
      const peer = new ScriptedPeer({ hello: HELLO, answer: () => null });
      const client = await open(peer, new ManualClock(), all.signal);
      const asking = failure(client.rpc("get", "<get/>", { ...limits, signal: one.signal }));
      await peer.asked(1);
      (which === "rpc" ? one : all).abort(new FarhandError("CANCELED"));
      expect((await asking).code).toBe("CANCELED");
      expect(peer.closed).toBe(true);
    }
  });

  test("the device hangs up: between messages, and within one", async () => {
    for (const said of ["", "\n#100\n<rpc-reply"]) {
      const peer = new ScriptedPeer({ hello: HELLO, answer: () => null });
      const client = await open(peer);
      const asking = failure(client.rpc("get", "<get/>", limits));
      await peer.asked(1);
      peer.say(said);
      peer.hangUp();
      const { code, detail } = await asking;
      expect([code, detail.includes("within")]).toEqual(["CONNECTION_LOST", said !== ""]);
    }
  });

  test("more data than asked for, and a sink that cannot go on", async () => {
    const body = `<data>${"<a/>".repeat(1000)}</data>`;
    const peer = new ScriptedPeer({ hello: HELLO, answer: (_, id) => reply(id, body) });
    expect((await failure((await open(peer)).rpc("get", "<get/>", { ...limits, dataBytesMax: 1000 }))).code).toBe(
      "OUTPUT_TOO_LARGE",
    );
    const other = new ScriptedPeer({ hello: HELLO, answer: (_, id) => reply(id, body) });
    const full = (): never => {
      throw new FarhandError("DISK_FULL");
    };
    expect((await failure((await open(other)).rpc("get", "<get/>", { ...limits, sink: full }))).code).toBe("DISK_FULL");
    expect([peer.closed, other.closed]).toEqual([true, true]);
  });

  test("a slow sink holds the device back: nothing is read ahead of it", async () => {
    const rows = Array.from({ length: 50 }, (_, n) => `<row>${n}</row>`);
    const cut: Cut = (bytes) =>
      Array.from({ length: Math.ceil(bytes.length / 20) }, (_, n) => bytes.subarray(n * 20, n * 20 + 20));
    const peer = new ScriptedPeer({ hello: HELLO, answer: (_, id) => reply(id, `<data>${rows.join("")}</data>`), cut });
    const client = await open(peer);
    let release: (() => void) | undefined;
    let calls = 0;
    const asking = client.rpc("get", "<get/>", {
      ...limits,
      sink: () => {
        calls += 1;
        return new Promise<void>((resolve) => (release = resolve));
      },
    });
    await expect.poll(() => calls).toBe(1);
    const { reads } = peer;
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(peer.reads).toBe(reads);
    const finished = asking.then(() => true);
    for (let done = false; !done;) {
      release?.();
      done = await Promise.race([finished, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
    }
    expect(calls).toBeGreaterThan(10);
  });

  test("two at once is our own mistake", async () => {
    const client = await open(new ScriptedPeer({ hello: HELLO, answer: () => null }));
    void client.rpc("get", "<get/>", limits).catch(() => undefined);
    expect((await failure(client.rpc("get", "<get/>", limits))).code).toBe("INTERNAL");
  });
});
