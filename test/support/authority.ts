import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const newKeys = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly ca: string;
  issue(commonName: string, options?: IssueOptions): Promise<Pair>;
}

export interface IssueOptions {
  /** DNS names it is good for, besides or in place of 127.0.0.1. */
  readonly dns?: readonly string[];
  readonly addresses?: readonly string[];
  /** Milliseconds from now; one in the past makes a certificate that is out of its dates. */
  readonly endsInMs?: number;
}

/** A CA of one test: made at run time and never kept. */
export async function makeAuthority(): Promise<Authority> {
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const keys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: "CN=test CA",
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    ca: `${ca.toString("pem")}\n`,
    async issue(commonName, { dns = [], addresses = ["127.0.0.1"], endsInMs = 3_600_000 } = {}) {
      const own = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        notBefore: new Date(Date.now() + Math.min(endsInMs, 0) - 60_000),
        notAfter: new Date(Date.now() + endsInMs),
        subject: new x509.Name([{ CN: [{ utf8String: commonName }] }]),
        issuer: ca.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            ...addresses.map((value) => ({ type: "ip" as const, value })),
            ...dns.map((value) => ({ type: "dns" as const, value })),
          ]),
        ],
      });
      const exported = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        cert: `${certificate.toString("pem")}\n`,
        key: `${x509.PemConverter.encode(exported, "PRIVATE KEY")}\n`,
      };
    },
  };
}
