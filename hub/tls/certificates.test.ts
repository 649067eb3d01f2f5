import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isStale, makeAuthority, makeServerCertificate, spkiPinOf } from "./certificates.ts";

const NOW_MS = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const names = { hubId: "hub-1", hosts: ["hub.example", "192.0.2.7", "2001:db8::1", "127.0.0.1", "localhost"] };
const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

const authority = await makeAuthority("hub-1", NOW_MS, random);
const pair = await makeServerCertificate(authority, names, NOW_MS, random);
const certificate = new X509Certificate(pair.cert);
const ca = new X509Certificate(authority.cert);

describe("a server certificate", () => {
  it("is signed by the CA and is no CA itself", () => {
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect([ca.ca, certificate.ca]).toEqual([true, false]);
  });

  it("is good for every name that clients dial, and for no other", () => {
    expect(certificate.checkHost("hub.example")).toBe("hub.example");
    expect(certificate.checkIP("192.0.2.7")).toBe("192.0.2.7");
    expect(certificate.subjectAltName?.match(/IP Address:/g)).toHaveLength(3);
    expect(certificate.checkHost("other.example")).toBeUndefined();
  });

  it.each([
    ["fresh", names, NOW_MS, false],
    ["with 31 days left", names, NOW_MS + 366 * DAY_MS, false],
    ["with 29 days left", names, NOW_MS + 368 * DAY_MS, true],
    ["before its time", names, NOW_MS - 3 * DAY_MS, true],
    ["for another name", { ...names, hosts: ["new.example"] }, NOW_MS, true],
  ])("%s", (_, wanted, nowMs, stale) => {
    expect(isStale(pair, authority, wanted, nowMs)).toBe(stale);
  });

  it("of another CA is made anew", async () => {
    const other = await makeAuthority("hub-2", NOW_MS, random);
    expect(isStale(pair, other, names, NOW_MS)).toBe(true);
  });

  it("has a pin of its own key", () => {
    expect(spkiPinOf(pair.cert)).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(spkiPinOf(pair.cert)).not.toBe(spkiPinOf(authority.cert));
  });
});
