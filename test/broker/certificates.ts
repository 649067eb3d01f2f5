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
  issue(commonName: string): Promise<Pair>;
}

/** The CA of one broker's clients, and of the broker: made at run time and never kept. */
export async function makeAuthority(): Promise<Authority> {
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const keys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: "CN=broker CA",
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    ca: `${ca.toString("pem")}\n`,
    async issue(commonName) {
      const own = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        ...validity,
        subject: new x509.Name([{ CN: [{ utf8String: commonName }] }]),
        issuer: ca.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
      });
      const exported = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        cert: `${certificate.toString("pem")}\n`,
        key: `${x509.PemConverter.encode(exported, "PRIVATE KEY")}\n`,
      };
    },
  };
}
