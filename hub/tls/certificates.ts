import "reflect-metadata";
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { FarhandError } from "../../shared/errors.ts";

/** PEM, as it stands in the hub's folder. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** Clocks at sites may be behind ours. */
const BACKDATED_MS = 2 * DAY_MS;
const AUTHORITY_DAYS = 20 * 365;
/** What some clients accept at most for a server's certificate. */
const SERVER_DAYS = 397;
const RENEW_BEFORE_MS = 30 * DAY_MS;

const newKeys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

async function pemOfKey(keys: CryptoKeyPair): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY")}\n`;
}

/** Positive, and of 127 random bits: RFC 5280 asks for the one, and guessing forbids less of the other. */
function serialFrom(random: Uint8Array): string {
  const serial = Buffer.from(random.subarray(0, 16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.toString("hex");
}

type RandomBytes = (count: number) => Uint8Array;

/** The hub's own CA: what agents and people pin. It signs nothing but this hub's server certificates. */
export async function makeAuthority(hubId: string, nowMs: number, randomBytes: RandomBytes): Promise<CertificatePair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialFrom(randomBytes(16)),
    name: [{ CN: [`Farhand hub ${hubId} CA`] }],
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString("pem")}\n`, key: await pemOfKey(keys) };
}

export interface ServerNames {
  readonly hubId: string;
  /** Host names and addresses that clients dial. */
  readonly hosts: readonly string[];
}

export async function makeServerCertificate(
  authority: CertificatePair,
  names: ServerNames,
  nowMs: number,
  randomBytes: RandomBytes,
): Promise<CertificatePair> {
  const ca = new x509.X509Certificate(authority.cert);
  const pkcs8 = x509.PemConverter.decodeFirst(authority.key);
  const signingKey = await crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]);
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialFrom(randomBytes(16)),
    subject: [{ CN: [`Farhand hub ${names.hubId}`] }],
    issuer: ca.subject,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(Math.min(nowMs + SERVER_DAYS * DAY_MS, ca.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.hosts.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  return { cert: `${certificate.toString("pem")}\n`, key: await pemOfKey(keys) };
}

/** Whether it is to be made anew: soon out of date, of another CA, or not for the names that clients dial now. */
export function isStale(pair: CertificatePair, authority: CertificatePair, names: ServerNames, nowMs: number): boolean {
  const certificate = parse(pair.cert);
  const ca = parse(authority.cert);
  const held = new Set(
    certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map((name) => name.value),
  );
  return (
    certificate.issuer !== ca.subject ||
    certificate.notAfter.getTime() - nowMs < RENEW_BEFORE_MS ||
    certificate.notBefore.getTime() > nowMs ||
    names.hosts.some((host) => !held.has(host))
  );
}

/** Base64 of SHA-256 over the subject's public key info, as browsers and curl pin it. */
export function spkiPinOf(cert: string): string {
  const der = new Uint8Array(parse(cert).publicKey.rawData);
  return createHash("sha256").update(der).digest("base64");
}

function parse(pem: string): x509.X509Certificate {
  try {
    return new x509.X509Certificate(pem);
  } catch (error) {
    throw new FarhandError("KEY_FILE", "a certificate in the hub's folder cannot be read", { cause: error });
  }
}
