import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { consistencyRanges, foldSubtrees, Frontier, leafHash, subtreesOf } from "../shared/audit/merkle.ts";
import { signCheckpoint } from "../shared/audit/proofs.ts";
import { utf8 } from "../shared/bytes.ts";
import { ManualClock } from "../shared/clock.ts";
import { quoteCheckpoint, type Checkpoint } from "../shared/documents/checkpoint.ts";
import { envelopeBytes } from "../shared/envelope.ts";
import { errorCode } from "../shared/errors.ts";
import type { Digest } from "../shared/ids.ts";
import type { Store } from "../shared/store.ts";
import { makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../shared/testing/org.ts";
import type { UpHeader } from "../shared/wire/messages.ts";
import { conflictsOf, startOver } from "./journal/checkpoints.ts";
import { getMeta } from "./journal/meta.ts";
import { openJournal } from "./journal/open.ts";
import { requireUndoubted, Witness } from "./witness.ts";

/** A hub's log as it is, or as it would like it to have been. */
class Log {
  readonly #nodes = new Map<string, Digest>();
  readonly #roots: Digest[] = [];

  constructor(entries: readonly string[]) {
    const frontier = new Frontier();
    this.#roots.push(frontier.root);
    for (const entry of entries) {
      for (const { level, index, hash } of frontier.push(leafHash(utf8(entry))))
        this.#nodes.set(`${level}/${index}`, hash);
      this.#roots.push(frontier.root);
    }
  }

  state(size: number): { size: number; root: Digest } {
    const root = this.#roots[size];
    if (!root) throw new Error("no such size");
    return { size, root };
  }

  proof(first: number, second: number): Digest[] {
    return consistencyRanges(first, second).map((range) =>
      foldSubtrees(subtreesOf(range).map(({ level, index }) => this.#nodes.get(`${level}/${index}`) ?? ("" as Digest))),
    );
  }
}

const words = Array.from({ length: 40 }, (_, n) => `entry ${n}`);
const honest = new Log(words);
const rewritten = new Log(words.map((word, n) => (n === 3 ? "nothing happened" : word)));

let dir: string;
let store: Store;
let org: TestOrg;
let told: UpHeader<"witnessed">["checkpoint"][];
let loud: string[];
let witness: Witness;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-witness-"));
  org = await makeOrg();
  told = [];
  loud = [];
  await open();
});
async function open(): Promise<void> {
  ({ store } = await openJournal({ stateDir: dir, clock: new ManualClock() }));
  const log = { info: () => undefined, warn: () => undefined, error: (event: string) => loud.push(event) };
  const trust = { keys: org.trust };
  witness = new Witness({ store, trust, nowMs: () => 1, log, say: ({ checkpoint }) => told.push(checkpoint) });
}
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const signed = async (log: Log, size: number, over: Partial<Checkpoint> = {}, by = org.hub) => {
  const { org: name, hubId: hub } = org.trust;
  const at = TEST_NOW_SECONDS;
  const document: Checkpoint = { type: "checkpoint", v: 1, org: name, hub, epoch: 1, at, ...log.state(size), ...over };
  return envelopeBytes(await signCheckpoint(document, by));
};
const offer = async (log: Log, from: number, size: number): Promise<void> =>
  witness.take({ from, proof: log.proof(from, size) }, await signed(log, size));
const quoted = () => store.read((tx) => getMeta(tx, "checkpoint"));
const conflicts = () => store.read(conflictsOf);
const doubt = () => store.read(requireUndoubted).then(() => "none", errorCode);

describe("an agent as a witness", () => {
  it("takes the first checkpoint as it is, then only what continues it, and quotes the last", async () => {
    await witness.tell();
    await offer(honest, 0, 5);
    expect(await quoted()).toBe(quoteCheckpoint(honest.state(5)));
    await offer(honest, 5, 12);
    await offer(honest, 12, 40);
    expect(await quoted()).toBe(quoteCheckpoint(honest.state(40)));
    await offer(honest, 40, 40);
    await witness.tell();
    expect(told).toEqual([null, { epoch: 1, ...honest.state(40) }]);
    expect(await doubt()).toBe("none");
  });

  it("remembers over a restart", async () => {
    await offer(honest, 0, 8);
    await store.close();
    await open();
    await witness.tell();
    expect(told).toEqual([{ epoch: 1, ...honest.state(8) }]);
    await offer(rewritten, 8, 20);
    expect(await doubt()).toBe("CHECKPOINT");
  });

  it("believes nobody but the hub of its keys", async () => {
    const stranger = await makeOrg();
    const proof: Digest[] = [];
    await expect(witness.take({ from: 0, proof }, await signed(honest, 5, {}, stranger.hub))).rejects.toMatchObject({
      code: "SIGNATURE_MISSING",
    });
    await expect(witness.take({ from: 0, proof }, await signed(honest, 5, { hub: "hub-9" }))).rejects.toMatchObject({
      code: "CHECKPOINT",
    });
    await expect(witness.take({ from: 0, proof }, utf8("{}"))).rejects.toMatchObject({ code: "ENVELOPE_SHAPE" });
    expect(await quoted()).toBeUndefined();
    expect(await doubt()).toBe("none");
  });

  it("accuses nobody over a proof from elsewhere: it says again where it stands", async () => {
    await offer(honest, 0, 8);
    await offer(honest, 0, 20);
    await offer(honest, 5, 20);
    expect(told).toEqual([
      { epoch: 1, ...honest.state(8) },
      { epoch: 1, ...honest.state(8) },
    ]);
    expect(await quoted()).toBe(quoteCheckpoint(honest.state(8)));
    expect(await doubt()).toBe("none");
  });
});

describe("T48: a hub that rewrites its audit log", () => {
  const attacks: [string, (how: typeof offer) => Promise<void>][] = [
    ["an entry was changed and the log grew", (how) => how(rewritten, 10, 20)],
    ["an entry was changed and nothing was added", (how) => how(rewritten, 10, 10)],
    ["entries were cut off", (how) => how(honest, 10, 7)],
    ["everything was cut off", (how) => how(honest, 10, 0)],
  ];
  it.each(attacks)("T48: %s: doubted, said loudly, and both checkpoints are kept", async (_, attack) => {
    await offer(honest, 0, 10);
    await attack(offer);
    expect(await doubt()).toBe("CHECKPOINT");
    expect(loud).toEqual(["audit-log-rewritten"]);
    expect(await conflicts()).toHaveLength(1);
    expect(await quoted()).toBe(quoteCheckpoint(honest.state(10)));
  });

  it("T48: a log of another epoch is no continuation until people say so", async () => {
    await offer(honest, 0, 10);
    await witness.take({ from: 10, proof: honest.proof(10, 20) }, await signed(honest, 20, { epoch: 2 }));
    expect(await doubt()).toBe("CHECKPOINT");
  });

  it("T48: a good checkpoint afterwards takes no doubt away, and a flood of forks is bounded", async () => {
    await offer(honest, 0, 10);
    for (let size = 1; size < 10; size++) await offer(rewritten, 10, size);
    for (let size = 10; size <= 40; size++) await offer(rewritten, 10, size);
    await offer(honest, 10, 20);
    expect(await doubt()).toBe("CHECKPOINT");
    expect((await conflicts()).length).toBe(32);
  });

  it("T48: a person may begin anew, with a reason; the evidence stays", async () => {
    await offer(honest, 0, 10);
    await offer(honest, 10, 7);
    await store.tx("person", (tx) => startOver(tx, "the hub was restored from Sunday's backup"));
    expect(await doubt()).toBe("none");
    expect(await quoted()).toBeUndefined();
    await offer(honest, 0, 7);
    expect(await quoted()).toBe(quoteCheckpoint(honest.state(7)));
    expect((await conflicts()).map(({ resolved }) => resolved)).toEqual(["the hub was restored from Sunday's backup"]);
  });
});
