import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { afterAll, expect, it } from "vitest";
import { errorCode } from "../../../shared/errors.ts";
import { HubClient } from "./client.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const keys = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
const pem = async (key: CryptoKey) =>
  `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await crypto.subtle.exportKey("pkcs8", key)).toString("base64")}\n-----END PRIVATE KEY-----\n`;
const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };

async function authority(name: string) {
  const pair = await keys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: `CN=${name}`,
    keys: pair,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { pair, certificate, ca: certificate.toString("pem") };
}

const [own, other] = [await authority("own"), await authority("other")];
const serverKeys = await keys();
const certificate = await x509.X509CertificateGenerator.create({
  ...validity,
  subject: "CN=hub",
  issuer: own.certificate.subject,
  publicKey: serverKeys.publicKey,
  signingKey: own.pair.privateKey,
  signingAlgorithm: algorithm,
  extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
});
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  tls: { key: await pem(serverKeys.privateKey), cert: certificate.toString("pem") },
  fetch: (request) =>
    request.headers.get("authorization") === "Bearer t"
      ? Response.json({ grants: [] })
      : Response.json({}, { status: 401 }),
});
afterAll(() => server.stop(true));

const code = (options: { host?: string; ca?: string; token?: string }) =>
  new HubClient({
    url: `https://${options.host ?? "127.0.0.1"}:${server.port}`,
    token: options.token ?? "t",
    ...(options.ca !== undefined && { ca: options.ca }),
  })
    .call("listGrants", {})
    .then(() => "accepted", errorCode);

it("speaks only to what the pinned CA has certified, under its name", async () => {
  expect(await code({ ca: own.ca })).toBe("accepted");
  expect(await code({ ca: other.ca })).toBe("CHALLENGE");
  expect(await code({})).toBe("CHALLENGE");
  expect(await code({ ca: own.ca, host: "localhost" })).toBe("CHALLENGE");
  expect(await code({ ca: own.ca, token: "wrong" })).toBe("UNAUTHORIZED");
});
