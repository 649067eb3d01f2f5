import fc from "fast-check";
import { expect, test } from "vitest";
import { DeviceId } from "../shared/ids.ts";
import { FarhandError } from "../shared/errors.ts";
import { SHOWN } from "./model/fixtures/places.ts";
import { numberedTags } from "./model/lint/tags.ts";
import { textLintFor, textLints } from "./model/lint/platforms.ts";
import { refusalOf } from "./model/refusal.ts";
import { driverFor, platforms } from "./registry.ts";

const device = DeviceId.parse("r1");
const spoken = (all: readonly { platform: string; transport: string }[]): string[] =>
  all.map(({ platform, transport }) => `${platform} ${transport}`).toSorted();

test("texts are linted for every platform and transport that a driver writes to", () => {
  expect(spoken(textLints())).toEqual(spoken(platforms().filter(({ transport }) => transport !== "snmp")));
  for (const { platform, transport, evidence } of textLints())
    expect(driverFor(platform, transport)?.evidence).toBe(evidence);
});

const LINES: Readonly<Record<string, readonly string[]>> = {
  cisco_iosxe: SHOWN.cisco_iosxe.map(([path, line]) => (path === "" ? line : ` ${line}`)),
  frr_linux: SHOWN.frr_linux.map(([path, line]) => (path === "" ? line : ` ${line}`)),
  juniper_junos: [
    "set system host-name r1",
    "delete interfaces",
    "run show version",
    "foo",
    "system {",
    "}",
    'set snmp community ‹secret("x")› authorization read-only',
    'set system root-authentication encrypted-password "$6$abc"',
    "set system login message ‹secret:ABCDEFGHIJKLMNOP›",
    "insert policy-options a before b",
    "deactivate interfaces ge-0/0/0",
  ],
  mikrotik_routeros: [
    "/ip address add address=192.0.2.1/24 interface=ether1",
    "/ip address",
    "add address=192.0.2.1/24",
    "set 0 disabled=yes",
    "set [ find comment=x ] disabled=yes",
    "/user add name=x",
    ":put $x",
    "foo",
    '/snmp community add name=‹secret("x")›',
  ],
  linux: [
    "file /etc/motd",
    " |hello",
    " |bad\u0007",
    " | {{ x }}",
    "no file /etc/motd",
    "no file /etc/hosts",
    "service ssh enabled active",
    "file /etc/hosts 0666 root:root",
    "foo",
    " ~",
  ],
};
const ODD = ["", "!", "# x", "x‹", "tab\there", "{{ x }}", "\u200b", "description undefined", "no x", " y"];

/** What a plan of the text on this configuration would refuse, and whether that hangs on the configuration. */
function refusedBy(platform: string, text: string, mode: "merge" | "replace", raw: string): FarhandError | undefined {
  const lint = textLints().find((one) => one.platform === platform);
  const driver = lint && driverFor(lint.platform, lint.transport);
  if (!driver) throw new Error(`no driver for ${platform}`);
  const tagger = numberedTags();
  const before = { raw, ...driver.publicForm(device, raw, tagger), keyGeneration: 0 };
  try {
    driver.predict({ device, mode, text, before, tagger });
    return undefined;
  } catch (error) {
    if (error instanceof FarhandError) return error;
    throw error;
  }
}

test.each(Object.entries(LINES))("what a plan refuses on %s is never fine to the lint", (platform, lines) => {
  const line = fc.constantFrom(...lines, ...lines, ...ODD);
  const texts = fc.array(line, { minLength: 1, maxLength: 8 }).map((all) => `${all.join("\n")}\n`);
  let refused = 0;
  fc.assert(
    fc.property(texts, fc.constantFrom("merge" as const, "replace" as const), (text, mode) => {
      const { platform: id, transport } = textLints().find((one) => one.platform === platform) ?? {};
      const found = id === undefined ? [] : (textLintFor(id, transport)?.lint(device, mode, text) ?? []);
      const blocks = found.some(({ code, severity }) => severity === "blocks" && code !== "INLINE_SECRET");
      const error = refusedBy(platform, text, mode, "");
      const hangs = error && (error.code === "SECRET_KEEP" || refusalOf(error)?.hangsOnDevice === true);
      if (error && hangs !== true) refused++;
      if (error === undefined) expect({ text, mode, blocks }).toEqual({ text, mode, blocks: false });
      else if (hangs === true)
        expect({ text, told: found.some(({ code }) => code === "NEEDS_DEVICE" || blocks) }).toEqual({
          text,
          told: true,
        });
      else
        expect({ text, mode, error: error.detail, blocks }).toEqual({ text, mode, error: error.detail, blocks: true });
    }),
    { numRuns: 400 },
  );
  expect(refused).toBeGreaterThan(50);
});
