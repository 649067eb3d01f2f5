// What drivers/model/xml predicts and sends, on a real server that is not ours (yuma123's netconfd) with a model of every kind of node.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FarhandError } from "../../shared/errors.ts";
import { systemClock } from "../../shared/clock.ts";
import { Secret } from "../../shared/secret.ts";
import { NetconfClient } from "../../drivers/engines/netconf/client.ts";
import { Operations } from "../../drivers/engines/netconf/operations.ts";
import { connectSsh } from "../../drivers/engines/ssh/via.ts";
import { device, tagger } from "../../drivers/model/fixtures/platform.ts";
import { Chance, randomConfig, SCHEMA_FILE } from "../../drivers/model/xml/fixtures/random.ts";
import { XmlLanguageFile } from "../../drivers/model/xml/schema.ts";
import { xmlText } from "../../drivers/xml-text.ts";
import { missingForNetconfd, startNetconfd, type Netconfd } from "./netconfd.ts";

const missing = missingForNetconfd();
/** Nightly asks for more. */
const ROUNDS = Math.max(20, Math.round(Number(process.env["FARHAND_XML_PAIRS"] ?? 200) / 20));
const model = xmlText({ language: XmlLanguageFile.parse(SCHEMA_FILE), replaces: true });
const FILTER = { kind: "subtree", elements: '<top xmlns="u:top"/>' } as const;
const EMPTY = '<top xmlns="u:top" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="remove"/>';

describe.skipIf(missing.length > 0)(`netconfd${missing.length > 0 ? `: skipped, ${missing.join(", ")}` : ""}`, () => {
  let peer: Netconfd | undefined;
  let operations: Operations;

  beforeAll(async () => {
    peer = await startNetconfd({ modules: [join(import.meta.dirname, "farhand-random.yang")] });
    const hostKeys = [{ algorithm: "ssh-ed25519", publicKey: peer.hostKey } as const];
    const credential = { username: peer.username, privateKey: new Secret(peer.privateKey) };
    const target = { address: "127.0.0.1", port: peer.port, hostKeys, algorithms: "modern" } as const;
    const { signal } = new AbortController();
    const ssh = await connectSsh({ target, credential, clock: systemClock, signal, connectMs: 20_000 });
    const stream = await ssh.subsystem("netconf");
    const client = await NetconfClient.open({
      stream,
      clock: systemClock,
      signal,
      helloMs: 20_000,
      redact: (text) => text,
    });
    operations = new Operations(client, { deadlineMs: 20_000 });
  });
  afterAll(async () => {
    await operations?.closeSession();
    await peer?.stop();
  });

  const shown = async () =>
    model.configuration(device, (await operations.getConfig("candidate", { filter: FILTER })).data ?? "", tagger);
  const send = async (config: string): Promise<void> => {
    await operations.editConfig({ target: "candidate", config, errorOption: "stop-on-error" });
  };
  async function put(config: string) {
    await send(EMPTY);
    if (config !== "") await send(config);
    return await shown();
  }

  test(`${ROUNDS} configurations are taken one to the next by what is sent for them`, async () => {
    let [edits, whole] = [0, 0];
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const near = { seed: seed + 1000, oneIn: seed % 2 === 0 ? 40 : 4 };
      const target = await put(randomConfig(new Chance(seed, near), { isPlain: true }));
      const before = await put(randomConfig(new Chance(seed), { isPlain: true }));
      const plan = model.predict({ device, mode: "replace", source: "sealed", text: target.raw, before, tagger });
      const payloads = plan.render(() => undefined);
      for (const payload of payloads) await send(payload);
      const after = await shown();
      expect([seed, model.diff(target.publicText, after.publicText)]).toEqual([seed, "[]"]);
      expect(model.diff(before.publicText, after.publicText)).toBe(plan.diff);
      edits += payloads.length;
      whole += payloads.filter((payload) => payload.includes('"replace"')).length;
    }
    console.log(`netconfd: ${ROUNDS} remediations, ${edits} sent, ${whole} of them state an element whole`);
    expect(edits).toBeGreaterThan(ROUNDS / 2);
  });

  test(`what ${ROUNDS} texts make of it is what was predicted; what is refused as data-exists or data-missing the server refuses too`, async () => {
    let [taken, refused] = [0, 0];
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const chance = new Chance(seed + 50_000);
      const before = await put(randomConfig(chance, { isPlain: true }));
      const text = randomConfig(chance, { edits: true, isPlain: true });
      const wire = text.replace(' xmlns="u:top"', ' xmlns="u:top" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"');
      try {
        const plan = model.predict({ device, mode: "merge", source: "sealed", text, before, tagger });
        for (const payload of plan.render(() => undefined)) await send(payload);
        const after = await shown();
        expect([seed, model.diff(before.publicText, after.publicText)]).toEqual([seed, plan.diff]);
        taken++;
      } catch (error) {
        if (!(error instanceof FarhandError) || error.code !== "TEXT_REFUSED") throw error;
        refused++;
        if (/data-(?:exists|missing)/v.test(error.detail ?? "")) await expect(send(wire)).rejects.toThrow(/refused/v);
      }
    }
    console.log(`netconfd: ${taken} merges as predicted, ${refused} refused`);
    expect(taken).toBeGreaterThan(0);
  });

  test.each([
    // Entries that are new: what is there already this server does not move, and it takes an anchor by key in no form (2.13).
    ['<rule yang:insert="first"><name>d</name></rule>', ["d", "a", "b", "c"]],
    ['<rule yang:insert="last"><name>d</name></rule>', ["a", "b", "c", "d"]],
    ["<rule><name>d</name></rule>", ["a", "b", "c", "d"]],
    ['<rule nc:operation="delete"><name>b</name></rule>', ["a", "c"]],
  ])("an ordered list after %s stands as predicted", async (edit, names) => {
    const top = (inner: string): string => `<top xmlns="u:top"><rules>${inner}</rules></top>`;
    const before = await put(top(["a", "b", "c"].map((name) => `<rule><name>${name}</name></rule>`).join("")));
    const plan = model.predict({ device, mode: "merge", text: top(edit), before, tagger });
    for (const payload of plan.render(() => undefined)) await send(payload);
    const after = await shown();
    expect([...after.raw.matchAll(/<name>(\w)/gv)].map(([, name]) => name)).toEqual(names);
    expect(model.diff(before.publicText, after.publicText)).toBe(plan.diff);
  });
});
