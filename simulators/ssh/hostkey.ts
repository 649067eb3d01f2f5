/** Host keys made from a seed, so that a fleet has the same pins on every run. Built by hand because ssh2 can only make random ones. */
import { createHash, createPrivateKey, createPublicKey, randomBytes } from "node:crypto";

export interface HostKey {
  /** OpenSSH private key text, which is what an SSH server library reads. */
  readonly privateKey: string;
  readonly algorithm: string;
  /** The public key blob of RFC 4253 in base64: what a known_hosts line carries. */
  readonly base64: string;
  /** `SHA256:…` as OpenSSH prints it. */
  readonly sha256: string;
}

const PKCS8_ED25519_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

function sshString(value: Buffer | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function publicKeyOf(secret: Buffer): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519_PREFIX, secret]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return Buffer.from(spki.subarray(spki.length - 32));
}

export function hostKeyFrom(seed?: string): HostKey {
  const secret =
    seed === undefined ? randomBytes(32) : createHash("sha256").update(`simulated host key ${seed}`).digest();
  const publicKey = publicKeyOf(secret);
  const blob = Buffer.concat([sshString("ssh-ed25519"), sshString(publicKey)]);
  const check = createHash("sha256").update(secret).digest().subarray(0, 4);
  const unpadded = Buffer.concat([
    check,
    check,
    sshString("ssh-ed25519"),
    sshString(publicKey),
    sshString(Buffer.concat([secret, publicKey])),
    sshString("simulator"),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (unpadded.length % 8)) % 8 }, (_, index) => index + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    sshString("none"),
    sshString("none"),
    sshString(""),
    count,
    sshString(blob),
    sshString(Buffer.concat([unpadded, padding])),
  ]);
  const body = file.toString("base64").replace(/(.{70})/g, "$1\n");
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`,
    algorithm: "ssh-ed25519",
    base64: blob.toString("base64"),
    sha256: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
  };
}
