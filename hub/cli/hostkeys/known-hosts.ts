import { createHmac, timingSafeEqual } from "node:crypto";
import { hostKeyOf, fingerprintOf } from "./fingerprint.ts";
import type { HostKey } from "../../../shared/documents/inventory.ts";

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** What an OpenSSH known_hosts file says (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). `ssh-keyscan` prints the same. */
export interface KnownHosts {
  keysOf(place: Place): readonly HostKey[];
  /** Fingerprints marked @revoked, for whichever host: none of them is taken anywhere. */
  readonly revoked: ReadonlySet<string>;
  /** What stands in it and was not used, as `line N: why`. */
  readonly notes: readonly string[];
}

const LINE_LENGTH_MAX = 16 * 1024;
const NOTES_MAX = 20;
const HASHED = /^\|1\|([A-Za-z0-9+/]{27}=)\|([A-Za-z0-9+/]{27}=)$/;

interface HashedHost {
  readonly salt: Buffer;
  readonly hash: Buffer;
  readonly key: HostKey;
}

export function readKnownHosts(text: string): KnownHosts {
  const plain = new Map<string, HostKey[]>();
  const hashed: HashedHost[] = [];
  const revoked = new Set<string>();
  const notes: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const note = (why: string): void => void notes.push(`line ${index + 1}: ${why}`);
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === "" || words[0]?.startsWith("#")) continue;
    if (line.length > LINE_LENGTH_MAX) {
      note("longer than 16 KiB, not used");
      continue;
    }
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [hosts = "", algorithm = "", publicKey = ""] = words;
    if (marker === "@cert-authority") {
      note("@cert-authority is not understood, not used: give the hosts' own keys");
      continue;
    }
    if (marker !== undefined && marker !== "@revoked") {
      note("an unknown marker, not used");
      continue;
    }
    if (marker === "@revoked") {
      const blob = Buffer.from(publicKey, "base64");
      if (blob.length === 0) note("@revoked without a key, not used");
      else revoked.add(fingerprintOf(publicKey));
      continue;
    }
    const key = hostKeyOf(algorithm, publicKey);
    if (!key) {
      note("no host key of a known type, not used");
      continue;
    }
    for (const host of hosts.split(",")) {
      const match = HASHED.exec(host);
      if (match?.[1] !== undefined && match[2] !== undefined)
        hashed.push({ salt: Buffer.from(match[1], "base64"), hash: Buffer.from(match[2], "base64"), key });
      else if (/[*?!|]/.test(host)) note("a pattern names no one host, not used");
      else {
        const name = host.toLowerCase();
        plain.set(name, [...(plain.get(name) ?? []), key]);
      }
    }
  }
  const more = notes.length - NOTES_MAX;
  return {
    keysOf: (place) =>
      namesOf(place).flatMap((name) => [
        ...(plain.get(name) ?? []),
        ...hashed.filter((entry) => isHashOf(entry, name)).map(({ key }) => key),
      ]),
    revoked,
    notes: more > 0 ? [...notes.slice(0, NOTES_MAX), `and ${more} lines more`] : notes,
  };
}

/** As OpenSSH writes a host: by its bare name on port 22, else with its port. */
function namesOf({ address, port }: Place): string[] {
  const name = address.toLowerCase();
  return port === 22 ? [name, `[${name}]:22`] : [`[${name}]:${port}`];
}

function isHashOf({ salt, hash }: HashedHost, name: string): boolean {
  return timingSafeEqual(createHmac("sha1", salt).update(name).digest(), hash);
}
