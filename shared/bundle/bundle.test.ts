import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jcs, sha256, toBase64url, utf8, type Bytes } from "../bytes.ts";
import type { BundleEntry, InboundIndex } from "../documents/bundle.ts";
import { envelopeBytes, signEnvelope, type Envelope } from "../envelope.ts";
import { errorCode } from "../errors.ts";
import { generateBoxJwk, generateSigningJwk, signerFrom, type BoxPublicKey, type Signer } from "../keys.ts";
import { id, TEST_NOW_SECONDS } from "../testing/org.ts";
import { openEvidence, packFrames, sealEvidence, unpackFrames } from "./evidence.ts";
import { encodeHead, ENTRY_BYTES_MAX, HEAD_BYTES } from "./format.ts";
import { checkOrder, checkSeen, openInbound, openOutbound } from "./index.ts";
import { BundleFile } from "./read.ts";
import { bundleChunks, writeFresh } from "./write.ts";

const BODIES = ["a warrant", "a manifest", "", "a text that is longer than the others by some words"].map(utf8);
const entryOf = (bytes: Bytes): BundleEntry => ({ kind: "text", sha256: sha256(bytes), bytes: bytes.length });

let hub: Signer;
let stranger: Signer;
let dir: string;
let good: Bytes;

const indexOf = (entries: readonly unknown[], over: object = {}): object => ({
  type: "bundle",
  v: 1,
  org: id.org,
  site: id.ams,
  agent: id.agentAms,
  number: 1,
  prev: null,
  seen: null,
  iat: TEST_NOW_SECONDS,
  exp: TEST_NOW_SECONDS + 86_400,
  entries,
  direction: "in",
  work: [],
  acks: null,
  ...over,
});

const sign = (index: object, signer = hub): Promise<Envelope> => signEnvelope("farhand-bundle+jws", index, [signer]);

/** A file as its maker lays it out, whatever the index says of it. */
function laidOut(envelope: Envelope, bodies: readonly Uint8Array[]): Bytes {
  const index = envelopeBytes(envelope);
  return new Uint8Array(Buffer.concat([encodeHead(index.length), index, ...bodies]));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Everything a reader does before it believes a file; what it says when it does not. */
async function verdict(bytes: Uint8Array): Promise<string> {
  let file: BundleFile | undefined;
  try {
    file = await BundleFile.from(once(bytes), join(dir, "private"));
    await openInbound(file.envelope, (kid) => (kid === hub.kid ? hub.publicKey : undefined));
    await file.checkBodies();
    return "taken";
  } catch (error) {
    return errorCode(error);
  } finally {
    await file?.close();
  }
}

async function verdictOfPath(path: string): Promise<string> {
  try {
    await (await BundleFile.open(path, join(dir, "private"))).close();
    return "taken";
  } catch (error) {
    return errorCode(error);
  }
}

beforeAll(async () => {
  hub = await signerFrom(await generateSigningJwk());
  stranger = await signerFrom(await generateSigningJwk());
  dir = mkdtempSync(join(tmpdir(), "farhand-bundle-"));
  good = laidOut(await sign(indexOf(BODIES.map(entryOf))), BODIES);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const noWindows = process.platform === "win32" ? ": Windows has none" : "";

describe("a bundle's file", () => {
  it("is read back as it was written, and is never written over another", async () => {
    const path = join(dir, "one.bundle");
    const entries = BODIES.map(entryOf);
    const envelope = await sign(indexOf(entries));
    const body = (position: number) => BODIES[position] ?? new Uint8Array();
    await writeFresh(path, bundleChunks(envelope, entries, body));
    expect(new Uint8Array(readFileSync(path))).toEqual(laidOut(envelope, BODIES));
    expect(await verdictOfPath(path)).toBe("taken");
    await expect(writeFresh(path, bundleChunks(envelope, entries, body))).rejects.toThrow("is there already");
  });

  it("any one mutation is refused, or changed nothing", async () => {
    expect(await verdict(good)).toBe("taken");
    const mutation = fc.record({
      at: fc.nat(good.length - 1),
      length: fc.integer({ min: 1, max: 64 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
      how: fc.constantFrom("flip", "cut", "insert", "remove", "repeat", "swap"),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ at, length, bytes, how }) => {
        const mutated = mutate(good, how, at, length, bytes);
        const isSame = Buffer.compare(mutated, good) === 0;
        expect(await verdict(mutated)).toSatisfy((said: string) => (isSame ? said === "taken" : said !== "taken"));
        expect(readdirSync(join(dir, "private"))).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("any bytes at all are refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 256 }), fc.boolean(), async (bytes, withHead) => {
        const file = withHead ? new Uint8Array([...encodeHead(bytes.length || 1), ...bytes]) : bytes;
        expect(await verdict(file)).not.toBe("taken");
      }),
      { numRuns: 200 },
    );
  });
});

function mutate(file: Bytes, how: string, at: number, length: number, bytes: Uint8Array): Buffer {
  const head = file.subarray(0, at);
  const part = file.subarray(at, at + length);
  const tail = file.subarray(at + length);
  switch (how) {
    case "flip":
      return Buffer.concat([head, Buffer.from([(file[at] ?? 0) ^ ((bytes[0] ?? 0) | 1)]), file.subarray(at + 1)]);
    case "cut":
      return Buffer.from(head);
    case "insert":
      return Buffer.concat([head, bytes, file.subarray(at)]);
    case "remove":
      return Buffer.concat([head, tail]);
    case "repeat":
      return Buffer.concat([head, part, part, tail]);
    default:
      return Buffer.concat([head, Buffer.from(part).reverse(), tail]);
  }
}

describe("T24 a bundle that was tampered with is refused, and nothing is left of it", () => {
  const claim = async (entries: readonly unknown[], bodies: readonly Uint8Array[]): Promise<string> =>
    verdict(laidOut(await sign(indexOf(entries)), bodies));

  it("T24: truncated, at every byte", async () => {
    for (let length = 0; length < good.length; length++)
      expect(["BUNDLE_SHAPE", "BUNDLE_ENTRY"]).toContain(await verdict(good.subarray(0, length)));
  });

  it("T24: trailing data", async () => {
    expect(await verdict(new Uint8Array([...good, 0]))).toBe("BUNDLE_SHAPE");
  });

  it("T24: an entry that lies about its length, short, long and negative", async () => {
    const [body = new Uint8Array()] = BODIES;
    expect(await claim([{ ...entryOf(body), bytes: body.length - 1 }], [body])).toBe("BUNDLE_SHAPE");
    expect(await claim([{ ...entryOf(body), bytes: body.length + 1 }], [body])).toBe("BUNDLE_ENTRY");
    expect(await claim([{ ...entryOf(body), bytes: -1 }], [body])).toBe("SCHEMA");
  });

  it("T24: 10 GiB and 10 TB claimed cost nothing", async () => {
    const before = process.memoryUsage.rss();
    for (const bytes of [10 * 2 ** 30, 10 * 2 ** 40])
      expect(await claim([{ kind: "text", sha256: sha256("a"), bytes }], [])).toBe("BUNDLE_ENTRY");
    // Within the cap of one entry, but together far more than is there.
    const many = Array.from({ length: 2000 }, (_, n) => ({
      kind: "text",
      sha256: sha256(`${n}`),
      bytes: ENTRY_BYTES_MAX,
    }));
    expect(await claim(many, [])).toBe("BUNDLE_ENTRY");
    const lie = new Uint8Array(good);
    new DataView(lie.buffer).setUint32(HEAD_BYTES - 4, 0xffff_ffff);
    expect(await verdict(lie)).toBe("BUNDLE_SHAPE");
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20);
  });

  it("T24: a sparse file of 10 GiB is not even copied", async () => {
    const path = join(dir, "sparse.bundle");
    writeFileSync(path, good);
    truncateSync(path, 10 * 2 ** 30);
    expect(await verdictOfPath(path)).toBe("BUNDLE_SHAPE");
  });

  it("T24: the same digest twice", async () => {
    const [body = new Uint8Array()] = BODIES;
    expect(await claim([entryOf(body), entryOf(body)], [body, body])).toBe("BUNDLE_SHAPE");
  });

  it("T24: entries reordered, in the file or in the index", async () => {
    const entries = BODIES.map(entryOf);
    expect(await claim(entries, BODIES.toReversed())).toBe("BUNDLE_ENTRY");
    expect(await claim(entries.toReversed(), BODIES)).toBe("BUNDLE_ENTRY");
  });

  it("T24: an index in another text, and one that two have signed", async () => {
    const envelope = await sign(indexOf(BODIES.map(entryOf)));
    const spaced = utf8(` ${JSON.stringify(envelope)}`);
    expect(await verdict(new Uint8Array(Buffer.concat([encodeHead(spaced.length), spaced, ...BODIES])))).toBe(
      "BUNDLE_SHAPE",
    );
    const both = await signEnvelope("farhand-bundle+jws", indexOf(BODIES.map(entryOf)), [hub, stranger]);
    expect(await verdict(laidOut(both, BODIES))).toBe("BUNDLE_SHAPE");
  });

  it("T24: an entry that claims more than any entry may, by that name", async () => {
    const entries = [{ kind: "text", sha256: sha256("a"), bytes: ENTRY_BYTES_MAX + 1 }];
    const file = laidOut(await sign(indexOf(entries)), []);
    await expect(BundleFile.from(once(file), join(dir, "private"))).rejects.toThrow("an entry claims");
  });

  it("T24: another bundle's index, and one that somebody else signed", async () => {
    const other = await sign(indexOf([entryOf(utf8("other bytes, as many"))]));
    expect(await verdict(laidOut(other, [utf8("these bytes, as many")]))).toBe("BUNDLE_ENTRY");
    const forged = await sign(indexOf(BODIES.map(entryOf)), stranger);
    expect(await verdict(laidOut(forged, BODIES))).toBe("SIGNATURE_MISSING");
    const named = { ...(await sign(indexOf(BODIES.map(entryOf)))) };
    const payload = toBase64url(jcs(indexOf(BODIES.map(entryOf), { number: 2 })));
    expect(await verdict(laidOut({ ...named, payload }, BODIES))).toBe("SIGNATURE_BAD");
  });

  it("T24: an index of the other direction", async () => {
    const out = indexOf(BODIES.map(entryOf), {
      direction: "out",
      epoch: "0".repeat(32),
      lanes: [],
    }) as Partial<InboundIndex>;
    delete out.work;
    delete out.acks;
    expect(await verdict(laidOut(await sign(out), BODIES))).toBe("BUNDLE_SHAPE");
    const lookup = () => hub.publicKey;
    expect((await openOutbound(await sign(out), lookup)).index.direction).toBe("out");
    await expect(openOutbound(await sign(indexOf([])), lookup)).rejects.toMatchObject({ code: "BUNDLE_SHAPE" });
  });

  it("T24: a name or a path in an entry has no place to stand", async () => {
    const [body = new Uint8Array()] = BODIES;
    for (const name of ["../../etc/passwd", "/etc/passwd", "manifest"]) {
      expect(await claim([{ ...entryOf(body), name }], [body])).toBe("SCHEMA");
      expect(await claim([{ ...entryOf(body), sha256: name }], [body])).toBe("SCHEMA");
    }
  });

  it.skipIf(noWindows !== "")(`T24: a symlink, a folder, a FIFO and a device node${noWindows}`, async () => {
    const target = join(dir, "target.bundle");
    writeFileSync(target, good);
    const link = join(dir, "link.bundle");
    symlinkSync(target, link);
    const fifo = join(dir, "fifo.bundle");
    execFileSync("mkfifo", [fifo]);
    for (const path of [link, dir, fifo, "/dev/zero"]) expect(await verdictOfPath(path)).toBe("BUNDLE_SHAPE");
  });

  it.skipIf(noWindows !== "")(`T24: a socket; and what is not there is a fault of this host${noWindows}`, async () => {
    const socket = join(dir, "socket.bundle");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(await verdictOfPath(socket)).toBe("BUNDLE_SHAPE");
    await new Promise((resolve) => server.close(resolve));
    expect(await verdictOfPath(join(dir, "nothing.bundle"))).toBe("IO");
  });

  it("T24: a file that is swapped after the check: only the copy counts", async () => {
    const path = join(dir, "swapped.bundle");
    writeFileSync(path, good);
    const file = await BundleFile.open(path, join(dir, "private"));
    writeFileSync(path, "something else altogether");
    await file.checkBodies();
    expect(await file.body(0)).toEqual(BODIES[0]);
    await file.close();
    expect(readdirSync(join(dir, "private"))).toEqual([]);
  });
});

describe("the order of bundles", () => {
  const digest = sha256("this one");
  const last = { number: 3, sha256: sha256("the third") };
  const code = (act: () => unknown): string => {
    try {
      act();
      return "taken";
    } catch (error) {
      return errorCode(error);
    }
  };

  it("T24: the next one is taken, an older one or the same again is not", () => {
    expect(checkOrder({ number: 4, prev: last.sha256 }, digest, last)).toBeNull();
    expect(checkOrder({ number: 1, prev: null }, digest, null)).toBeNull();
    for (const number of [1, 2, 3])
      expect(code(() => checkOrder({ number, prev: null }, digest, last))).toBe("BUNDLE_ORDER");
  });

  it("T24: an older one that claims to follow the last is not taken either", () => {
    for (const number of [1, 2, 3])
      expect(code(() => checkOrder({ number, prev: last.sha256 }, digest, last))).toBe("BUNDLE_ORDER");
  });

  it("T24: two that claim one number are not both taken", () => {
    expect(code(() => checkOrder({ number: 4, prev: sha256("another third") }, digest, last))).toBe("BUNDLE_ORDER");
    expect(code(() => checkOrder({ number: 1, prev: digest }, digest, null))).toBe("BUNDLE_ORDER");
  });

  it("T24: a stick that was withheld is named", () => {
    expect(checkOrder({ number: 7, prev: digest }, digest, last)).toEqual({ first: 4, last: 6 });
  });

  it("T24: an acknowledgement that is missing is named; one of what was never sent is refused", () => {
    expect(checkSeen({ number: 3, sha256: last.sha256 }, last.sha256, 3)).toBeNull();
    expect(checkSeen({ number: 1, sha256: digest }, digest, 3)).toEqual({ first: 2, last: 3 });
    expect(checkSeen(null, undefined, 2)).toEqual({ first: 1, last: 2 });
    expect(code(() => checkSeen({ number: 4, sha256: digest }, undefined, 3))).toBe("BUNDLE_ORDER");
    expect(code(() => checkSeen({ number: 3, sha256: digest }, last.sha256, 3))).toBe("BUNDLE_ORDER");
  });
});

describe("evidence", () => {
  const place = { org: id.org, site: id.ams, agent: id.agentAms, number: 4, part: 0 };

  it("opens with the organisation's key, in its own place, and nowhere else", async () => {
    const key = await generateBoxJwk();
    const other = await generateBoxJwk();
    const frames = [utf8("one"), new Uint8Array(), utf8("three")];
    const sealed = await sealEvidence(packFrames(frames), place, key.x as BoxPublicKey);
    expect([...unpackFrames(await openEvidence(sealed, place, key))]).toEqual(frames);
    const refused = async (act: Promise<unknown>): Promise<string> => act.then(() => "opened", errorCode);
    expect(await refused(openEvidence(sealed, place, other))).toBe("SEALED");
    expect(await refused(openEvidence(sealed, { ...place, part: 1 }, key))).toBe("SEALED");
    expect(await refused(openEvidence(sealed, { ...place, number: 5 }, key))).toBe("SEALED");
    for (let at = 0; at < sealed.length; at += 7) {
      const flipped = new Uint8Array(sealed);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(await refused(openEvidence(flipped, place, key))).toBe("SEALED");
    }
  });

  it("a frame that lies about its length is refused", () => {
    const packed = packFrames([utf8("one")]);
    new DataView(packed.buffer).setUint32(0, 0xffff_ffff);
    expect(() => [...unpackFrames(packed)]).toThrow("does not hold what it says");
    expect(() => [...unpackFrames(packFrames([utf8("one")]).subarray(0, 3))]).toThrow("does not hold what it says");
  });
});
