// What is sent for each operation, and what is not sent to a device that does not offer it.
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../shared/clock.ts";
import { errorCode } from "../../../shared/errors.ts";
import { NetconfClient } from "./client.ts";
import { HELLO, ScriptedPeer } from "./fixtures/peer.ts";
import { Operations } from "./operations.ts";
import { RpcRefused } from "./rpc-error.ts";

const CAPABILITY = "urn:ietf:params:netconf:capability";
const ALL = [
  "writable-running:1.0",
  "candidate:1.0",
  "confirmed-commit:1.1",
  "rollback-on-error:1.0",
  "validate:1.1",
  "startup:1.0",
  "xpath:1.0",
  "with-defaults:1.0?basic-mode=report-all&amp;also-supported=explicit",
];

async function on(capabilities: readonly string[], body = "<ok/>") {
  const said = capabilities.map((name) => `<capability>${CAPABILITY}:${name}</capability>`).join("");
  const peer = new ScriptedPeer({
    hello: HELLO.replace("base:1.1", "base:9").replace("</capabilities>", `${said}</capabilities>`),
    answer: (_, id) =>
      `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="${id}">${body}</rpc-reply>`,
  });
  const options = { stream: peer, clock: new ManualClock(), signal: new AbortController().signal, helloMs: 1000 };
  const client = await NetconfClient.open({ ...options, redact: (text) => text });
  return { operations: new Operations(client, { deadlineMs: 1000 }), peer };
}

type Use = (operations: Operations) => Promise<unknown>;

describe("what is sent", () => {
  test.each<[string, Use]>([
    ["<get/>", (o) => o.get()],
    ["<get-config><source><running/></source></get-config>", (o) => o.getConfig("running")],
    [
      `<get-config><source><candidate/></source><filter type="subtree"><a xmlns="u"/></filter><with-defaults xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults">explicit</with-defaults></get-config>`,
      (o) =>
        o.getConfig("candidate", { filter: { kind: "subtree", elements: `<a xmlns="u"/>` }, defaults: "explicit" }),
    ],
    [
      // Not offered, so not asked for.
      "<get-config><source><startup/></source></get-config>",
      (o) => o.getConfig("startup", { defaults: "trim" }),
    ],
    [
      `<get><filter type="xpath" xmlns:p="u&amp;" select="/p:a[b=&quot;1&quot;]"/></get>`,
      (o) => o.get({ filter: { kind: "xpath", select: `/p:a[b="1"]`, namespaces: { p: "u&" } } }),
    ],
    [
      "<edit-config><target><candidate/></target><default-operation>none</default-operation><test-option>test-then-set</test-option><error-option>rollback-on-error</error-option><config><a/></config></edit-config>",
      (o) =>
        o.editConfig({
          target: "candidate",
          config: "<a/>",
          defaultOperation: "none",
          testOption: "test-then-set",
          errorOption: "rollback-on-error",
        }),
    ],
    [
      "<edit-config><target><running/></target><error-option>stop-on-error</error-option><config><a/></config></edit-config>",
      (o) => o.editConfig({ target: "running", config: "<a/>", errorOption: "stop-on-error" }),
    ],
    [
      "<copy-config><target><startup/></target><source><running/></source></copy-config>",
      (o) => o.copyConfig("running", "startup"),
    ],
    ["<validate><source><candidate/></source></validate>", (o) => o.validate("candidate")],
    ["<lock><target><running/></target></lock>", (o) => o.lock("running")],
    ["<unlock><target><candidate/></target></unlock>", (o) => o.unlock("candidate")],
    ["<discard-changes/>", (o) => o.discardChanges()],
    ["<commit/>", (o) => o.commit()],
    ["<commit><persist-id>a&amp;b</persist-id></commit>", (o) => o.commit("a&b")],
    [
      "<commit><confirmed/><confirm-timeout>600</confirm-timeout></commit>",
      (o) => o.confirmedCommit({ timeoutS: 600 }),
    ],
    [
      "<commit><confirmed/><confirm-timeout>90</confirm-timeout><persist>t</persist></commit>",
      (o) => o.confirmedCommit({ timeoutS: 90, persist: "t" }),
    ],
    ["<cancel-commit/>", (o) => o.cancelCommit()],
    ["<cancel-commit><persist-id>t</persist-id></cancel-commit>", (o) => o.cancelCommit("t")],
    ["<close-session/>", (o) => o.closeSession()],
  ])("%s", async (xml, use) => {
    const { operations, peer } = await on(ALL);
    await use(operations);
    expect(peer.sent.at(-1)).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">${xml}</rpc>]]>]]>`,
    );
    expect(peer.closed).toBe(xml === "<close-session/>");
  });
});

describe("what a device does not offer is refused before anything is sent", () => {
  const running = { target: "running", config: "", errorOption: "stop-on-error" } as const;
  const candidate = { ...running, target: "candidate" } as const;
  test.each<[string, Use]>([
    ["candidate:1.0", (o) => o.getConfig("candidate")],
    ["startup:1.0", (o) => o.getConfig("startup")],
    ["xpath:1.0", (o) => o.get({ filter: { kind: "xpath", select: "/", namespaces: {} } })],
    ["writable-running:1.0", (o) => o.editConfig(running)],
    ["candidate:1.0", (o) => o.editConfig(candidate)],
    ["validate:1.1", (o) => o.editConfig({ ...candidate, testOption: "test-only" })],
    ["validate:1.1", (o) => o.editConfig({ ...candidate, testOption: "set" })],
    ["rollback-on-error:1.0", (o) => o.editConfig({ ...candidate, errorOption: "rollback-on-error" })],
    ["startup:1.0", (o) => o.copyConfig("running", "startup")],
    ["writable-running:1.0", (o) => o.copyConfig("startup", "running")],
    ["validate:1.1", (o) => o.validate("running")],
    ["candidate:1.0", (o) => o.lock("candidate")],
    ["candidate:1.0", (o) => o.discardChanges()],
    ["candidate:1.0", (o) => o.commit()],
    ["confirmed-commit:1.1", (o) => o.confirmedCommit({ timeoutS: 60 })],
    ["confirmed-commit:1.1", (o) => o.cancelCommit()],
    ["confirmed-commit:1.1", (o) => o.commit("t")],
  ])("without :%s", async (missing, use) => {
    const { operations, peer } = await on(ALL.filter((name) => name !== missing));
    // Some throw before there is a promise, and both are a no.
    const refused = await Promise.resolve()
      .then(() => use(operations))
      .then(() => "sent", errorCode);
    expect([refused, peer.sent.length]).toEqual(["NETCONF_CAPABILITY", 1]);
  });

  test("1.0 where 1.1 is needed: no persist, no cancel", async () => {
    const { operations, peer } = await on([
      ...ALL.filter((name) => !name.startsWith("confirmed")),
      "confirmed-commit:1.0",
    ]);
    await expect(operations.confirmedCommit({ timeoutS: 60, persist: "t" })).rejects.toThrow("NETCONF_CAPABILITY");
    await expect(operations.cancelCommit("t")).rejects.toThrow("NETCONF_CAPABILITY");
    expect(peer.sent.length).toBe(1);
    await operations.confirmedCommit({ timeoutS: 60 });
    expect(peer.sent.length).toBe(2);
  });
});

test("text that would end what holds it, and seconds that are none, are not sent", async () => {
  const { operations, peer } = await on(ALL);
  const config = "</config><error-option>continue-on-error</error-option><config>";
  await expect(operations.editConfig({ target: "candidate", config, errorOption: "stop-on-error" })).rejects.toThrow(
    "TEXT_REFUSED",
  );
  await expect(async () => operations.get({ filter: { kind: "subtree", elements: "</filter>" } })).rejects.toThrow(
    "TEXT_REFUSED",
  );
  await expect(async () =>
    operations.get({ filter: { kind: "xpath", select: "/", namespaces: { "a=''": "u" } } }),
  ).rejects.toThrow("TEXT_REFUSED");
  for (const timeoutS of [0, 0.5, 4_294_967_296, Number.NaN])
    await expect(operations.confirmedCommit({ timeoutS })).rejects.toThrow("INTERNAL");
  expect(peer.sent.length).toBe(1);
});

test("a lock that another holds names the holder", async () => {
  const denied = `<rpc-error><error-type>protocol</error-type><error-tag>lock-denied</error-tag><error-severity>error</error-severity><error-info><session-id>0</session-id></error-info></rpc-error>`;
  const { operations } = await on(ALL, denied);
  const error = await operations.lock("candidate").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RpcRefused);
  expect(errorCode(error)).toBe("CANDIDATE_BUSY");
  expect(error instanceof RpcRefused && error.errors[0]?.sessionId).toBe(0);
  expect(error instanceof RpcRefused && error.detail).toBe("lock: lock-denied, session 0, not NETCONF");
});
