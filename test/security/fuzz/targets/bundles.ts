/** Bundles on a stick: the container, its index, and the sealed evidence in it. */
import { mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256, toBase64url, utf8, type Bytes } from "../../../../shared/bytes.ts";
import { openEvidence, packFrames, sealEvidence, unpackFrames } from "../../../../shared/bundle/evidence.ts";
import { encodeHead, HEAD_BYTES } from "../../../../shared/bundle/format.ts";
import { openInbound } from "../../../../shared/bundle/index.ts";
import { openAdmission } from "../../../../shared/bundle/admission.ts";
import { BundleFile } from "../../../../shared/bundle/read.ts";
import { envelopeBytes, parseEnvelope, signEnvelope } from "../../../../shared/envelope.ts";
import type { BoxPublicKey } from "../../../../shared/keys.ts";
import { id, makeOrg, TEST_NOW_SECONDS } from "../../../../shared/testing/org.ts";
import { encodeUp } from "../../../../shared/wire/messages.ts";
import { mutateBytes, spoilPart, anyBytes } from "../mutate-bytes.ts";
import { anyEnvelope, mutateEnvelope } from "../mutate-envelope.ts";
import { anyJson } from "../mutate-json.ts";
import { meaning, part, type Mutator, type Target } from "../target.ts";
import { theOrg } from "./documents.ts";

const place = { org: id.org, site: id.ams, agent: id.agentAms };

function indexOf(bodies: readonly Uint8Array[], number: number): Record<string, unknown> {
  const entries = bodies.map((body) => ({ kind: "text", sha256: sha256(body), bytes: body.length }));
  const times = { iat: TEST_NOW_SECONDS, exp: TEST_NOW_SECONDS + 86_400 };
  return {
    type: "bundle",
    v: 1,
    ...place,
    number,
    prev: null,
    seen: null,
    ...times,
    entries,
    direction: "in",
    work: [],
    acks: null,
  };
}

const container = (index: Uint8Array, bodies: readonly Uint8Array[]): Bytes =>
  new Uint8Array(Buffer.concat([encodeHead(index.length), index, ...bodies]));

/** The index spoilt as the envelope that it is, its length then told truly; or any bytes. */
const anyContainer: Mutator = (samples, random) =>
  spoilPart(samples, random, (valid, others, chance) => {
    if (chance.chance(0.5)) return mutateBytes(valid, others, chance);
    const indexEnd = (file: Uint8Array): number =>
      HEAD_BYTES + new DataView(file.buffer, file.byteOffset).getUint32(HEAD_BYTES - 4);
    const indexes = others.map((other) => other.subarray(HEAD_BYTES, indexEnd(other)));
    const index = mutateEnvelope(valid.subarray(HEAD_BYTES, indexEnd(valid)), indexes, chance);
    if (index.length === 0) return valid.subarray(0, HEAD_BYTES);
    const bodies = chance.chance(0.1) ? chance.pick(others) : valid;
    return container(index, [bodies.subarray(indexEnd(bodies))]);
  });

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

const file: Target = {
  name: "bundle-file",
  share: 2,
  async prepare() {
    const org = await theOrg();
    const dir = join(tmpdir(), `farhand-fuzz-bundle-${process.pid}`);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const texts = [["one"], ["two", "", "three of them"], ["another text", "and one more"]].map((bodies) =>
      bodies.map(utf8),
    );
    const samples = await Promise.all(
      texts.map(async (bodies, at) => {
        const index = await signEnvelope("farhand-bundle+jws", indexOf(bodies, at + 1), [org.hub]);
        return [container(envelopeBytes(index), bodies)];
      }),
    );
    return {
      samples,
      mutate: anyContainer,
      async take(input) {
        if (readdirSync(dir).length > 0) throw new Error("the one before has left something in the private folder");
        let read: BundleFile | undefined;
        try {
          read = await BundleFile.from(chunks(part(input)), dir);
          const { index, digest } = await openInbound(read.envelope, org.trust.hubKey);
          await read.checkBodies();
          const bodies: Bytes[] = [];
          for (const at of index.entries.keys()) bodies.push(await read.body(at));
          return meaning(digest, ...bodies);
        } finally {
          await read?.close();
        }
      },
    };
  },
};

const evidence: Target = {
  name: "bundle-evidence",
  async prepare() {
    const org = await theOrg();
    const key = org.evidence;
    const at = { ...place, number: 4, part: 0 };
    const frames = [encodeUp("pull", { nonce: toBase64url(new Uint8Array(32)) as never, capacity: 1 }), utf8("two")];
    return {
      samples: [[await sealEvidence(packFrames(frames), at, key.x as BoxPublicKey)]],
      mutate: anyJson,
      take: async (input) => meaning(...unpackFrames(await openEvidence(part(input), at, key))),
    };
  },
};

const frames: Target = {
  name: "bundle-frames",
  share: 0.5,
  prepare: () => ({
    samples: [[packFrames([utf8("one"), utf8(""), utf8("three")])]],
    mutate: anyBytes,
    take(input) {
      let total = 0;
      for (const frame of unpackFrames(part(input))) total += frame.length + 4;
      return total === part(input).length ? undefined : "frames that are not all of it";
    },
  }),
};

const admission: Target = {
  name: "bundle-admission",
  async prepare() {
    const operator = await makeOrg({
      keys: (keys) => ({
        ...keys,
        people: keys.people.map((person) =>
          person.id === id.oli ? { ...person, roles: [{ role: "siteoperator" as const, sites: [id.ams] }] } : person,
        ),
      }),
    });
    const bundle = { index: indexOf([utf8("one")], 1) as never, digest: sha256("the index") };
    const document = {
      type: "admission",
      v: 1,
      ...place,
      operator: id.oli,
      bundle: bundle.digest,
      iat: TEST_NOW_SECONDS,
      attestsTime: true,
    };
    const signed = envelopeBytes(await signEnvelope("farhand-admission+jws", document, [operator.people.oli]));
    return {
      samples: [[signed]],
      mutate: anyEnvelope,
      async take(input) {
        const admitted = await openAdmission(parseEnvelope(part(input)), bundle, operator.trust);
        return meaning(JSON.stringify(admitted));
      },
    };
  },
};

export const bundleTargets: readonly Target[] = [file, evidence, frames, admission];
