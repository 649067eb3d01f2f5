import "reflect-metadata";
import { createHash } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  /** What Chromium is told to trust: base64 of SHA-256 over the subject's public key info. */
  readonly spkiPin: string;
}

export const pinOf = (pem: string): string =>
  createHash("sha256")
    .update(new Uint8Array(new x509.X509Certificate(pem).publicKey.rawData))
    .digest("base64");

/** A certificate for localhost, made at run time and never kept. */
export async function makeCertificate(): Promise<ServerCertificate> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const hour = 3_600_000;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=localhost",
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + 24 * hour),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }])],
  });
  const cert = certificate.toString("pem");
  const exported = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { cert, key: x509.PemConverter.encode(exported, "PRIVATE KEY"), spkiPin: pinOf(cert) };
}
