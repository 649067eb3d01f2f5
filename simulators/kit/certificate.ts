/** The certificate that a device's HTTPS API shows: self-signed, made at start, as a box makes one at its first boot. */
import "reflect-metadata";
import { createHash, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { systemClock } from "../../shared/clock.ts";

export interface ServerCertificate {
  /** PEM. */
  readonly cert: string;
  /** PKCS #8, PEM. */
  readonly key: string;
  /** Lower-case hex of the SHA-256 over the DER certificate. */
  readonly sha256: string;
}

export interface CertificateOptions {
  readonly commonName: string;
  /** DNS names and addresses that it is good for. Empty: a certificate that fits no name at all, as many boxes show. */
  readonly hosts: readonly string[];
  /** Days from now in which it is good; negative days make one that is out of date. */
  readonly fromDays?: number;
  readonly untilDays?: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** Dates are of the real clock: a TLS client compares them with its own, whatever clock the simulated device runs on. */
export async function selfSigned(options: CertificateOptions): Promise<ServerCertificate> {
  const { commonName, hosts, fromDays = -1, untilDays = 3650 } = options;
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const nowMs = systemClock.nowMs();
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toString("hex"),
    name: [{ CN: [commonName] }],
    notBefore: new Date(nowMs + fromDays * DAY_MS),
    notAfter: new Date(nowMs + untilDays * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      ...(hosts.length === 0
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              hosts.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
            ),
          ]),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: `${certificate.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
    sha256: createHash("sha256").update(new Uint8Array(certificate.rawData)).digest("hex"),
  };
}
