import { afterEach, describe, expect, test } from "vitest";
import { Bench, contactOf, errorOf } from "./test-bench.ts";
import {
  contact,
  copyConfig,
  editCandidate,
  editRunning,
  getConfig,
  lockOf,
  port,
  routeVia,
  unlockOf,
  validateOf,
} from "./test-requests.ts";
import { textsAt } from "./test-client.ts";

let bench = new Bench();
afterEach(async () => {
  await bench.end();
  bench = new Bench();
});

const CAPABILITY = "urn:ietf:params:netconf:capability";

describe("hello and framing", () => {
  test("says hello, reads, edits the candidate and commits, in chunks", async () => {
    const device = await bench.start();
    const session = await bench.connect(device);
    expect(session.capabilities).toContain(`${CAPABILITY}:confirmed-commit:1.1`);
    expect(await contactOf(session)).toBe("noc@example.net");
    expect(await session.tags(lockOf("candidate"))).toBe("ok");
    expect(await session.tags(editCandidate(contact("new")))).toBe("ok");
    expect(await contactOf(session)).toBe("noc@example.net");
    expect(await contactOf(session, "candidate")).toBe("new");
    expect(await session.tags("<commit/>")).toBe("ok");
    expect(await session.tags(unlockOf("candidate"))).toBe("ok");
    expect(await contactOf(session)).toBe("new");
    expect(device.applies()).toMatchObject([{ via: "netconf", by: "netops", lines: ["set /system/contact = new"] }]);
    expect(session.bytes().toString()).toContain("\n##\n");
  });

  test("speaks 1.0 with who knows no more, and closes when asked", async () => {
    const session = await bench.connect(await bench.start(), { capabilities: ["urn:ietf:params:netconf:base:1.0"] });
    expect(await contactOf(session)).toBe("noc@example.net");
    expect(session.bytes().toString()).not.toContain("\n##\n");
    expect(await session.tags("<close-session/>")).toBe("ok");
    await session.closed;
  });

  test("repeats the attributes of the request", async () => {
    const session = await bench.connect(await bench.start());
    session.send(
      '<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:u="urn:user" message-id="a&lt;b" u:who="me"><discard-changes/></rpc>',
    );
    expect((await session.next()).attributes).toEqual([
      { ns: "", name: "message-id", value: "a<b" },
      { ns: "urn:user", name: "who", value: "me" },
    ]);
  });

  test.each([
    ["no common version", { capabilities: ["urn:ietf:params:netconf:base:2.0"] }],
    ["no version at all", { capabilities: [] }],
  ])("ends a session with %s", async (_name, options) => {
    await (
      await bench.connect(await bench.start(), options)
    ).closed;
  });

  test("has no session with who names one himself, or speaks before the hello", async () => {
    const device = await bench.start();
    for (const text of [
      '<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities><session-id>7</session-id></hello>',
      '<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1"><get/></rpc>',
    ]) {
      const session = await bench.connect(device, { hello: text });
      await session.closed;
    }
  });

  test.each([
    ["\n#0\n"],
    ["\n#01\nx"],
    ["\n#-1\n"],
    ["\n#4294967296\n"],
    ["\n##\n"],
    ["<rpc/>"],
    ["\r\n#3\nabc"],
    ["\n#12345678901234"],
  ])("closes without a word on the frame %j", async (bytes) => {
    const session = await bench.connect(await bench.start());
    const before = session.bytes().length;
    session.raw(bytes);
    await session.closed;
    expect(session.bytes().length).toBe(before);
  });

  test("tells a session of 1.1 what was not well formed, and closes; one of 1.0 it only closes", async () => {
    const device = await bench.start();
    const newer = await bench.connect(device);
    newer.send("<rpc><get></rpc>");
    expect(textsAt(await newer.next(), "rpc-error", "error-tag")).toEqual(["malformed-message"]);
    await newer.closed;
    const older = await bench.connect(device, { capabilities: ["urn:ietf:params:netconf:base:1.0"] });
    const before = older.bytes().length;
    older.send("<rpc><get></rpc>");
    await older.closed;
    expect(older.bytes().length).toBe(before);
  });

  test("a document type declaration is not read", async () => {
    const session = await bench.connect(await bench.start());
    session.send('<!DOCTYPE rpc [<!ENTITY a "b">]><rpc message-id="1"><get/></rpc>');
    expect(textsAt(await session.next(), "rpc-error", "error-tag")).toEqual(["malformed-message"]);
  });

  test("names what is wrong with an rpc itself", async () => {
    const session = await bench.connect(await bench.start());
    const base = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"';
    session.send(`<rpc ${base}><get/></rpc>`);
    expect(textsAt(await session.next(), "rpc-error", "error-info", "bad-attribute")).toEqual(["message-id"]);
    session.send(`<rpc ${base} message-id="1"/>`);
    expect(textsAt(await session.next(), "rpc-error", "error-tag")).toEqual(["missing-element"]);
    expect(await errorOf(session, "<make-coffee/>")).toMatchObject({
      tag: "operation-not-supported",
      type: "protocol",
      "bad-element": "make-coffee",
    });
    expect(await session.tags("<discard-changes><now/></discard-changes>")).toBe("unknown-element");
  });
});

describe("locks", () => {
  test("are denied with their holder, and let go with the session", async () => {
    const device = await bench.start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    for (const store of ["running", "candidate", "startup"]) {
      expect(await a.tags(lockOf(store))).toBe("ok");
      expect(await errorOf(b, lockOf(store))).toMatchObject({ tag: "lock-denied", "session-id": String(a.sessionId) });
      expect(await a.tags(lockOf(store))).toBe("lock-denied");
      expect(await b.tags(unlockOf(store))).toBe("operation-failed");
    }
    expect(await b.tags(editCandidate(contact("b")))).toBe("in-use");
    expect(await b.tags(editRunning(contact("b")))).toBe("in-use");
    expect(await b.tags("<commit/>")).toBe("in-use");
    expect(await b.tags("<discard-changes/>")).toBe("in-use");
    expect(await b.tags(copyConfig("running", "startup"))).toBe("in-use");
    await a.end();
    await expect.poll(() => b.tags(lockOf("candidate"))).toBe("ok");
  });

  test("of running or of the candidate alone stop another's commit", async () => {
    const device = await bench.start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    for (const store of ["running", "candidate"]) {
      await a.tags(lockOf(store));
      expect(await b.tags("<commit/>")).toBe("in-use");
      await a.tags(unlockOf(store));
      expect(await b.tags("<commit/>")).toBe("ok");
    }
  });

  test("are denied while the candidate has changes; letting one go throws changes away", async () => {
    const device = await bench.start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    await a.tags(editCandidate(contact("left")));
    expect(await errorOf(b, lockOf("candidate"))).toMatchObject({ tag: "lock-denied" });
    expect(await a.tags("<discard-changes/>")).toBe("ok");
    expect(await b.tags(lockOf("candidate"))).toBe("ok");
    await b.tags(editCandidate(contact("mine")));
    expect(await b.tags(unlockOf("candidate"))).toBe("ok");
    expect(await contactOf(a, "candidate")).toBe("noc@example.net");
  });

  test("a session that breaks off throws its locked candidate away; SR OS keeps it", async () => {
    for (const unlockDiscards of [true, false]) {
      const device = await bench.start({ abilities: { unlockDiscards } });
      const [a, b] = [await bench.connect(device), await bench.connect(device)];
      await a.tags(lockOf("candidate"));
      await a.tags(editCandidate(contact("left")));
      await a.end();
      await expect
        .poll(async () => `${await b.tags(lockOf("candidate"))} ${await contactOf(b, "candidate")}`)
        .toBe(unlockDiscards ? "ok noc@example.net" : "lock-denied left");
    }
  });

  test("an unlock keeps the changes where the device does so", async () => {
    const session = await bench.connect(await bench.start({ abilities: { unlockDiscards: false } }));
    await session.tags(lockOf("candidate"));
    await session.tags(editCandidate(contact("kept")));
    expect(await session.tags(unlockOf("candidate"))).toBe("ok");
    expect(await contactOf(session, "candidate")).toBe("kept");
  });

  test("running is not locked while another's commit waits", async () => {
    const device = await bench.start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    await a.tags("<commit><confirmed/></commit>");
    expect(await errorOf(b, lockOf("running"))).toMatchObject({
      tag: "lock-denied",
      "session-id": String(a.sessionId),
    });
    expect(await a.tags(lockOf("running"))).toBe("ok");
  });
});

describe("confirmed commit", () => {
  test("goes back at its second, with its word or without", async () => {
    const device = await bench.start();
    const session = await bench.connect(device);
    for (const persist of ["", "<persist>job-7</persist>"]) {
      await session.tags(editCandidate(contact("new")));
      expect(await session.tags(`<commit><confirmed/><confirm-timeout>120</confirm-timeout>${persist}</commit>`)).toBe(
        "ok",
      );
      expect(device.pendingRollback()).toMatchObject({ deadlineMs: bench.clock.nowMs() + 120_000 });
      bench.clock.advance(119_999);
      expect(await contactOf(session)).toBe("new");
      bench.clock.advance(1);
      expect(await contactOf(session)).toBe("noc@example.net");
      expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
    }
  });

  test("takes 600 seconds where none are given", async () => {
    const device = await bench.start();
    await (await bench.connect(device)).tags("<commit><confirmed/></commit>");
    expect(device.pendingRollback()?.deadlineMs).toBe(bench.clock.nowMs() + 600_000);
  });

  test("is confirmed by another session with the word that it was given, and with no other", async () => {
    const device = await bench.start();
    const first = await bench.connect(device);
    await first.tags(editCandidate(contact("new")));
    await first.tags("<commit><confirmed/><persist>job-7</persist></commit>");
    await first.end();
    const second = await bench.connect(device);
    expect(await second.tags("<commit/>")).toBe("in-use");
    expect(await second.tags("<cancel-commit/>")).toBe("in-use");
    expect(await second.tags("<commit><persist-id>wrong</persist-id></commit>")).toBe("invalid-value");
    expect(await second.tags("<commit><persist-id>job-7</persist-id></commit>")).toBe("ok");
    bench.clock.advance(3_600_000);
    expect(await contactOf(second)).toBe("new");
    expect(await second.tags("<commit><persist-id>job-7</persist-id></commit>")).toBe("invalid-value");
  });

  test("without a word is its session's alone, and goes back with it", async () => {
    const device = await bench.start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    await a.tags(editCandidate(contact("new")));
    await a.tags("<commit><confirmed/></commit>");
    expect(await b.tags("<commit/>")).toBe("in-use");
    expect(await b.tags("<commit><persist-id>x</persist-id></commit>")).toBe("invalid-value");
    expect(await b.tags("<cancel-commit/>")).toBe("in-use");
    await a.end();
    await expect.poll(() => device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "session-lost" });
    expect(await contactOf(b)).toBe("noc@example.net");
  });

  test("a second one resets the timer and goes back to before the first", async () => {
    const device = await bench.start();
    const session = await bench.connect(device);
    await session.tags(editCandidate(contact("one")));
    await session.tags("<commit><confirmed/><confirm-timeout>60</confirm-timeout></commit>");
    bench.clock.advance(59_000);
    await session.tags(editCandidate(contact("two")));
    await session.tags("<commit><confirmed/><confirm-timeout>60</confirm-timeout></commit>");
    bench.clock.advance(59_000);
    expect(await contactOf(session)).toBe("two");
    bench.clock.advance(1000);
    expect(await contactOf(session)).toBe("noc@example.net");
    expect(device.applyCount()).toBe(2);
  });

  test("is cancelled, and there is nothing to cancel twice", async () => {
    const session = await bench.connect(await bench.start());
    await session.tags(editCandidate(contact("one")));
    await session.tags("<commit><confirmed/></commit>");
    expect(await session.tags("<cancel-commit/>")).toBe("ok");
    expect(await contactOf(session)).toBe("noc@example.net");
    expect(await session.tags("<cancel-commit/>")).toBe("operation-failed");
  });

  test.each([
    ["<commit><confirmed/><confirm-timeout>0</confirm-timeout></commit>", "invalid-value"],
    ["<commit><confirmed/><confirm-timeout>4294967296</confirm-timeout></commit>", "invalid-value"],
    ["<commit><confirmed/><confirm-timeout>soon</confirm-timeout></commit>", "invalid-value"],
    ["<commit><confirm-timeout>60</confirm-timeout></commit>", "missing-element"],
    ["<commit><persist>x</persist></commit>", "missing-element"],
    ["<commit><now/></commit>", "unknown-element"],
  ])("%s: %s", async (operation, tag) => {
    const device = await bench.start();
    expect(await (await bench.connect(device)).tags(operation)).toBe(tag);
    expect(device.pendingRollback()).toBeUndefined();
  });

  test("of version 1.0 knows no word, and without the capability there is none", async () => {
    const older = await bench.connect(await bench.start({ abilities: { confirmedCommit: "1.0" } }));
    expect(await older.tags("<commit><confirmed/><persist>x</persist></commit>")).toBe("unknown-element");
    expect(await older.tags("<commit><confirmed/></commit>")).toBe("ok");
    expect(await older.tags("<cancel-commit/>")).toBe("operation-not-supported");
    const none = await bench.connect(await bench.start({ abilities: { confirmedCommit: "none" } }));
    expect(await none.tags("<commit><confirmed/></commit>")).toBe("unknown-element");
    expect(none.capabilities.join(" ")).not.toContain("confirmed-commit");
  });
});

describe("the other operations", () => {
  test("kill-session ends another session, its locks and its commit", async () => {
    const device = await bench.start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    await a.tags(lockOf("running"));
    await a.tags(editCandidate(contact("new")));
    await a.tags("<commit><confirmed/></commit>");
    const kill = (id: number | string): string => `<kill-session><session-id>${id}</session-id></kill-session>`;
    expect(await b.tags(kill(b.sessionId))).toBe("invalid-value");
    expect(await b.tags(kill(9999))).toBe("invalid-value");
    expect(await b.tags(kill(a.sessionId))).toBe("ok");
    await a.closed;
    expect(await contactOf(b)).toBe("noc@example.net");
    expect(await b.tags(lockOf("running"))).toBe("ok");
  });

  test("copy-config and delete-config", async () => {
    const device = await bench.start();
    const session = await bench.connect(device);
    await session.tags(editRunning(contact("new")));
    expect(await contactOf(session, "startup")).toBe("noc@example.net");
    expect(await session.tags(copyConfig("running", "startup"))).toBe("ok");
    expect(await contactOf(session, "startup")).toBe("new");
    expect(device.events().map(({ kind }) => kind)).toEqual(["applied", "saved"]);
    expect(await session.tags("<delete-config><target><startup/></target></delete-config>")).toBe("ok");
    expect(await contactOf(session, "startup")).toBeUndefined();
    expect(await session.tags("<delete-config><target><running/></target></delete-config>")).toBe("invalid-value");
    expect(await session.tags(copyConfig("running", "running"))).toBe("invalid-value");
    expect(await session.tags(copyConfig(`config>${contact("whole")}</config`, "running"))).toBe("ok");
    expect(device.runningConfig()).not.toContain("interfaces");
  });

  test("an edit of running leaves the candidate and a commit that waits as they are", async () => {
    const device = await bench.start();
    const session = await bench.connect(device);
    await session.tags(editCandidate(contact("tried")));
    await session.tags("<commit><confirmed/><confirm-timeout>60</confirm-timeout></commit>");
    await session.tags(editCandidate(contact("later")));
    expect(await session.tags(editRunning(contact("by hand")))).toBe("ok");
    expect(await contactOf(session, "candidate")).toBe("later");
    expect(device.pendingRollback()).toBeDefined();
    bench.clock.advance(60_000);
    expect(await contactOf(session)).toBe("noc@example.net");
  });

  test("validate finds what is missing, in a datastore and in what is sent", async () => {
    const session = await bench.connect(await bench.start());
    expect(await session.tags(validateOf("<candidate/>"))).toBe("ok");
    const untyped = port("<name>eth9</name>");
    expect(await errorOf(session, editCandidate(untyped))).toMatchObject({
      tag: "data-missing",
      path: "/interfaces/interface[name='eth9']/type",
    });
    expect(await session.tags(editCandidate(untyped, "<test-option>set</test-option>"))).toBe("ok");
    expect(await session.tags(validateOf("<candidate/>"))).toBe("data-missing");
    expect(await session.tags("<commit/>")).toBe("data-missing");
    expect(await session.tags(validateOf(`<config>${untyped}</config>`))).toBe("data-missing");
    expect(await session.tags(validateOf("<running/>"))).toBe("ok");
  });

  test("running takes nothing that does not hold together, by whatever way, and a test alone changes nothing", async () => {
    const device = await bench.start();
    const session = await bench.connect(device);
    const untyped = port("<name>eth9</name>");
    expect(await session.tags(editRunning(untyped, "<test-option>set</test-option>"))).toBe("data-missing");
    expect(await session.tags(copyConfig(`config>${untyped}</config`, "running"))).toBe("data-missing");
    expect(await session.tags(editCandidate(contact("tested"), "<test-option>test-only</test-option>"))).toBe("ok");
    expect(await contactOf(session, "candidate")).toBe("noc@example.net");
    const toNowhere = routeVia("eth77");
    expect(await errorOf(session, editRunning(toNowhere))).toMatchObject({
      tag: "data-missing",
      "app-tag": "instance-required",
    });
    expect(await session.tags(editRunning(routeVia("eth1")))).toBe("ok");
    const gone = port("<name>eth1</name>").replace("<interface>", '<interface nc:operation="delete">');
    expect(await session.tags(editRunning(gone))).toBe("data-missing");
    expect(device.runningConfig()).toContain("<name>eth1</name>");
  });

  test("what is not announced is not there", async () => {
    const device = await bench.start({
      abilities: {
        candidate: "none",
        validate: "none",
        startup: false,
        writableRunning: true,
        confirmedCommit: "none",
      },
    });
    const session = await bench.connect(device);
    expect(session.capabilities.filter((one) => one.includes(":capability:"))).toHaveLength(3);
    expect(await session.tags("<commit/>")).toBe("operation-not-supported");
    expect(await session.tags("<discard-changes/>")).toBe("operation-not-supported");
    expect(await session.tags(validateOf("<running/>"))).toBe("operation-not-supported");
    expect(await session.tags(getConfig("candidate"))).toBe("unknown-element");
    expect(await session.tags(lockOf("startup"))).toBe("unknown-element");
    expect(await session.tags(editRunning(contact("x"), "<test-option>set</test-option>"))).toBe("unknown-element");
    expect(await session.tags(editRunning(contact("x")))).toBe("ok");
    expect(device.startupConfig()).toContain("<contact>x</contact>");
    const xpath = '<get-config><source><running/></source><filter type="xpath" select="/system"/></get-config>';
    expect(await session.tags(xpath)).toBe("bad-attribute");
    expect(await session.tags(`<edit-config><target><running/></target><url>file:///x</url></edit-config>`)).toBe(
      "missing-element",
    );
  });
});

describe("a candidate for each session", () => {
  const NOKIA = "urn:nokia.com:nc:pc";
  const asks = { capabilities: ["urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1", NOKIA] };

  test("is for who asks for it, where the device offers it so", async () => {
    const device = await bench.start({ abilities: { candidate: "private-if-asked" } });
    const [own, shared] = [await bench.connect(device, asks), await bench.connect(device)];
    expect(own.capabilities).toContain(NOKIA);
    await own.tags(editCandidate(contact("own")));
    expect(await contactOf(shared, "candidate")).toBe("noc@example.net");
    await shared.tags(editCandidate(contact("shared")));
    expect(await contactOf(own, "candidate")).toBe("own");
    expect(await own.tags("<commit/>")).toBe("ok");
    expect(await contactOf(shared, "candidate")).toBe("shared");
    expect(await contactOf(shared)).toBe("own");
  });

  test("is brought over what others committed, and refused where both touched one thing", async () => {
    const device = await bench.start({ abilities: { candidate: "private" } });
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    await a.tags(editCandidate(contact("a")));
    await b.tags(editCandidate(contact("b").replaceAll("contact", "location")));
    expect(await b.tags("<commit/>")).toBe("ok");
    expect(await a.tags("<commit/>")).toBe("ok");
    expect(device.runningConfig()).toMatch(/<contact>a<.*<location>b</s);
    await a.tags(editCandidate(contact("a2")));
    await b.tags(editCandidate(contact("b2")));
    expect(await b.tags("<commit/>")).toBe("ok");
    expect(await errorOf(a, "<commit/>")).toMatchObject({ tag: "operation-failed", path: "/system/contact" });
    expect(await a.tags("<discard-changes/>")).toBe("ok");
    expect(await contactOf(a, "candidate")).toBe("b2");
    await a.tags(copyConfig(`config>${contact("a3")}</config`, "candidate"));
    await b.tags(editCandidate(contact("b3").replaceAll("contact", "location")));
    expect(await b.tags("<commit/>")).toBe("ok");
    expect(await a.tags("<commit/>")).toBe("operation-failed");
    expect(device.runningConfig()).toMatch(/<contact>b2<.*<location>b3</s);
  });
});
