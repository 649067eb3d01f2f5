import type { AlgorithmProfile, HostKey } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";

/**
 * The algorithm lists that signed inventory chooses from, each written out: a library's defaults change under us.
 * Terrapin (CVE-2023-48795): chacha20-poly1305 is in no list (Bun has none either), and CBC never meets an
 * encrypt-then-MAC code. `legacy` is for boxes that speak nothing else; the plan says so in red.
 */
interface Lists {
  readonly kex: readonly string[];
  readonly cipher: readonly string[];
  readonly hmac: readonly string[];
  /** Signature algorithms by the type of the pinned host key. */
  readonly rsa: readonly string[];
}

const CURVES = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
];
const AEAD_AND_CTR = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"];
const SHA2 = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"];

export const profiles: Readonly<Record<AlgorithmProfile, Lists>> = {
  modern: { kex: CURVES, cipher: AEAD_AND_CTR, hmac: SHA2, rsa: ["rsa-sha2-512", "rsa-sha2-256"] },
  compat: {
    kex: [...CURVES, "diffie-hellman-group14-sha256"],
    cipher: AEAD_AND_CTR,
    hmac: [...SHA2, "hmac-sha1"],
    rsa: ["rsa-sha2-512", "rsa-sha2-256"],
  },
  legacy: {
    kex: [
      ...CURVES,
      "diffie-hellman-group14-sha256",
      "diffie-hellman-group16-sha512",
      "diffie-hellman-group-exchange-sha256",
      "diffie-hellman-group14-sha1",
      "diffie-hellman-group-exchange-sha1",
      "diffie-hellman-group1-sha1",
    ],
    // aes128 first: ssh2 asks group exchange for a smaller prime then.
    cipher: ["aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    hmac: ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha1", "hmac-sha1-96", "hmac-md5"],
    rsa: ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
  },
};

export interface OfferedAlgorithms {
  readonly kex: readonly string[];
  readonly serverHostKey: readonly string[];
  readonly cipher: readonly string[];
  readonly hmac: readonly string[];
  readonly compress: readonly string[];
}

/**
 * What to offer to a device: its profile, and only host key algorithms of its pinned keys, so that a device with several keys
 * shows the one that is pinned.
 */
export function algorithmsFor(
  profile: AlgorithmProfile,
  pinned: readonly Pick<HostKey, "algorithm">[],
): OfferedAlgorithms {
  const lists = profiles[profile];
  const hostKey = [...new Set(pinned.flatMap(({ algorithm }) => (algorithm === "ssh-rsa" ? lists.rsa : [algorithm])))];
  if (hostKey.length === 0) throw new FarhandError("HOST_KEY", "no host key is pinned");
  return { kex: lists.kex, serverHostKey: hostKey, cipher: lists.cipher, hmac: lists.hmac, compress: ["none"] };
}
