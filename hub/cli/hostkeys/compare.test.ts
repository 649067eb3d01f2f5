import { describe, expect, it } from "vitest";
import type { Device, HostKey } from "../../../shared/documents/inventory.ts";
import { makeOrg } from "../../../shared/testing/org.ts";
import { compare, newPins, type Evidence } from "./compare.ts";
import { fingerprintOf } from "./fingerprint.ts";

const ed = (letter: string): HostKey => ({
  algorithm: "ssh-ed25519",
  publicKey: `AAAAC3NzaC1lZDI1NTE5${letter.repeat(8)}`,
});
const rsa = (letter: string): HostKey => ({ algorithm: "ssh-rsa", publicKey: `AAAAB3NzaC1yc2EA${letter.repeat(8)}` });
const word = (...keys: HostKey[]): Evidence => ({
  source: "known_hosts",
  keys: keys.map(({ algorithm, publicKey }) => ({ algorithm, fingerprint: fingerprintOf(publicKey) })),
});
const spoken = (...keys: HostKey[]): Evidence => ({
  source: "console",
  keys: keys.map(({ publicKey }) => ({ fingerprint: fingerprintOf(publicKey) })),
});
const [model] = (await makeOrg()).inventory.inventory.document.devices;
const pinnedTo = (...hostKeys: HostKey[]): Device => {
  if (!model) throw new Error("the test organisation has devices");
  return { ...model, hostKeys };
};
const nobody = new Set<string>();
const replace = new Set<string>([model?.id ?? ""]);

interface Case {
  readonly pinned?: HostKey[];
  readonly shown: HostKey[];
  readonly evidence: Evidence[];
  readonly verdict: string;
  /** What is pinned from then on, without and with --replace. */
  readonly pins: HostKey[] | null;
  readonly replaced?: HostKey[] | null;
}

const cases: Record<string, Case> = {
  "nothing says anything": { shown: [ed("a")], evidence: [], verdict: "none", pins: null },
  "evidence about others only": { shown: [ed("a")], evidence: [word()], verdict: "none", pins: null },
  "evidence of a type that it does not show": {
    shown: [ed("a")],
    evidence: [word(rsa("x"))],
    verdict: "none",
    pins: null,
  },
  "evidence agrees": { shown: [ed("a")], evidence: [word(ed("a"))], verdict: "agreed", pins: [ed("a")] },
  "a console agrees": { shown: [ed("a"), rsa("x")], evidence: [spoken(rsa("x"))], verdict: "agreed", pins: [rsa("x")] },
  "only what evidence names is pinned": {
    shown: [ed("a"), rsa("x")],
    evidence: [word(ed("a"))],
    verdict: "agreed",
    pins: [ed("a")],
  },
  "evidence says another key": { shown: [ed("a")], evidence: [word(ed("b"))], verdict: "disagreed", pins: null },
  "one agrees and one does not": {
    shown: [ed("a")],
    evidence: [word(ed("a")), spoken(ed("b"))],
    verdict: "disagreed",
    pins: null,
  },
  "one type agrees and another does not": {
    shown: [ed("a"), rsa("x")],
    evidence: [word(ed("a"), rsa("y"))],
    verdict: "disagreed",
    pins: null,
  },
  "an old key beside the right one in one source": {
    shown: [ed("a")],
    evidence: [word(ed("o"), ed("a"))],
    verdict: "agreed",
    pins: [ed("a")],
  },
  "pinned, and it shows it": { pinned: [ed("a")], shown: [ed("a")], evidence: [], verdict: "pinned", pins: null },
  "pinned, and another type is proved": {
    pinned: [ed("a")],
    shown: [ed("a"), rsa("x")],
    evidence: [word(rsa("x"))],
    verdict: "agreed",
    pins: [ed("a"), rsa("x")],
  },
  "changed, and nothing says why": { pinned: [ed("a")], shown: [ed("b")], evidence: [], verdict: "none", pins: null },
  "changed, and evidence knows the old one": {
    pinned: [ed("a")],
    shown: [ed("b")],
    evidence: [word(ed("a"))],
    verdict: "disagreed",
    pins: null,
  },
  "changed, and evidence agrees": {
    pinned: [ed("a")],
    shown: [ed("b")],
    evidence: [word(ed("b"))],
    verdict: "changed",
    pins: null,
    replaced: [ed("b")],
  },
  "changed to another type": {
    pinned: [ed("a")],
    shown: [rsa("x")],
    evidence: [word(rsa("x"))],
    verdict: "changed",
    pins: null,
    replaced: [rsa("x")],
  },
};

describe("a key that a device shows", () => {
  it.each(Object.entries(cases))("%s", (_name, { pinned = [], shown, evidence, verdict, pins, replaced = pins }) => {
    const comparison = compare(pinnedTo(...pinned), shown, evidence, nobody);
    expect(comparison.verdict).toBe(verdict);
    expect(newPins(comparison, nobody)).toEqual(pins);
    expect(newPins(comparison, replace)).toEqual(replaced);
    const lost = pinned.some((pin) => !shown.some(({ publicKey }) => publicKey === pin.publicKey));
    expect(comparison.isChanged).toBe(lost);
  });

  it("is never pinned when it is revoked, whatever else is said", () => {
    const revoked = new Set([fingerprintOf(ed("a").publicKey)]);
    const comparison = compare(pinnedTo(), [ed("a"), rsa("x")], [word(ed("a"), rsa("x"))], revoked);
    expect(comparison.verdict).toBe("revoked");
    expect(newPins(comparison, replace)).toBeNull();
  });
});
