/** Hostile envelopes: payloads altered under a signature that held, signatures stripped, doubled, and borrowed from other documents. */
import { fromBase64url, toBase64url } from "../../../shared/bytes.ts";
import type { Envelope } from "../../../shared/envelope.ts";
import type { SeededRandom } from "../../simulation/random.ts";
import { spoilPart } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import type { Mutator } from "./target.ts";

const HEADERS = [
  { alg: "none" },
  { alg: "HS256" },
  { alg: "Ed25519", crit: ["b64"], b64: false },
  { alg: "EdDSA" },
  { alg: "Ed25519", jwk: {} },
];

export function mutateEnvelope(valid: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const own = read(valid);
  if (!own || random.chance(0.3)) return mutateJson(valid, others, random);
  const other = (others.length > 0 ? read(random.pick(others)) : undefined) ?? own;
  let { payload } = own;
  let signatures = [...own.signatures];
  switch (random.integer(0, 8)) {
    case 0:
    case 1:
      payload = toBase64url(mutateJson(fromBase64url(payload), others.map(payloadOf), random));
      break;
    case 2:
      payload = other.payload;
      break;
    case 3:
      signatures = [...other.signatures];
      break;
    case 4:
      signatures.splice(random.integer(0, signatures.length - 1), 1);
      break;
    case 5:
      signatures = Array.from({ length: random.integer(2, 20) }, () =>
        random.pick([...signatures, ...other.signatures]),
      );
      break;
    case 6: {
      const at = random.integer(0, signatures.length - 1);
      const entry = signatures[at];
      const header = JSON.stringify({ ...parsedHeader(entry?.protected), ...random.pick(HEADERS) });
      if (entry) signatures[at] = { ...entry, protected: toBase64url(new TextEncoder().encode(header)) };
      break;
    }
    case 7: {
      const at = random.integer(0, signatures.length - 1);
      const entry = signatures[at];
      const bytes = fromBase64url(entry?.signature ?? "");
      const place = random.integer(0, bytes.length - 1);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << random.integer(0, 7));
      if (entry) signatures[at] = { ...entry, signature: toBase64url(bytes) };
      break;
    }
    default:
      signatures.reverse();
  }
  return new TextEncoder().encode(JSON.stringify({ payload, signatures }));
}

function read(bytes: Uint8Array): Envelope | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Envelope;
    return value.signatures.length > 0 && fromBase64url(value.payload) ? value : undefined;
  } catch {
    return undefined;
  }
}

const payloadOf = (bytes: Uint8Array): Uint8Array => fromBase64url(read(bytes)?.payload ?? "");

function parsedHeader(text: string | undefined): object {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64url(text ?? ""))) as object;
  } catch {
    return {};
  }
}

export const anyEnvelope: Mutator = (samples, random) => spoilPart(samples, random, mutateEnvelope);
