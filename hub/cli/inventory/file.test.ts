import { describe, expect, it } from "vitest";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { readInventoryFile } from "./file.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const good = `org: acme
defaults:
  platform: frr_linux
  credential: lab
  tags: { owner: netops }
sites:
  - id: ams
    wayHome: [r1]
devices:
  - id: r1
    site: ams
    address: 192.0.2.1
    hostKeys: ["${KEY}"]
    tags: { role: edge }
`;

const withHops = `${good.replace(
  "devices:\n",
  `hops:
  - { id: jump, site: ams, address: 192.0.2.100, hostKeys: ["${KEY}"], credential: jump }
  - { id: inner, site: ams, address: 10.0.0.1, hostKeys: ["${KEY}"], via: jump, parallel: 2 }
devices:
`,
)}    via: inner
`;

function faults(text: string): string[] {
  try {
    readInventoryFile("inventory.yaml", text);
    return [];
  } catch (error) {
    expect(errorCode(error)).toBe("INVENTORY_FILE");
    const detail = error instanceof FarhandError ? (error.detail ?? "") : "";
    return detail.split("\n").filter((line) => line.startsWith("inventory.yaml"));
  }
}

describe("the inventory file", () => {
  it("fills in defaults", () => {
    expect(readInventoryFile("inventory.yaml", good).devices).toEqual([
      {
        id: "r1",
        site: "ams",
        platform: "frr_linux",
        address: "192.0.2.1",
        port: 22,
        hostKeys: [{ algorithm: "ssh-ed25519", publicKey: KEY.split(" ")[1] }],
        algorithms: "modern",
        credential: "lab",
        serial: null,
        tags: { owner: "netops", role: "edge" },
      },
    ]);
  });

  it("knows a device that is spoken to over NETCONF or HTTPS, with the usual port of each", () => {
    const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const text = `${good}  - { id: r2, site: ams, address: 192.0.2.2, transport: netconf, hostKeys: ["${KEY}"] }
  - id: r3
    site: ams
    address: 192.0.2.3
    transport: https
    tls: { trust: pinned, certificates: ${JSON.stringify(pem)} }
`;
    const [, r2, r3] = readInventoryFile("inventory.yaml", text).devices;
    expect(r2).toMatchObject({ transport: "netconf", port: 830, hostKeys: [{ algorithm: "ssh-ed25519" }] });
    expect(r3).toMatchObject({
      transport: "https",
      port: 443,
      hostKeys: [],
      tls: { trust: "pinned", certificates: pem },
    });
    const without = text.replace(/    tls: .*\n/, "").replace(`, hostKeys: ["${KEY}"] }\n  - id: r3`, " }\n  - id: r3");
    expect(faults(without)).toEqual([
      "inventory.yaml:15:5: hostKeys is missing",
      "inventory.yaml:16:5: r3 is spoken to over HTTPS and names no tls certificate",
    ]);
  });

  it.each([
    [
      "an unknown member, with the one that was meant",
      good.replace("address:", "adress:"),
      ["inventory.yaml:12:5: unknown member adress; did you mean address?", "address is missing"],
    ],
    [
      "an unknown member at the top",
      good.replace("defaults:", "default:"),
      ["inventory.yaml:2:1: unknown member default; did you mean defaults?"],
    ],
    [
      "a site that is not there",
      good.replace("site: ams", "site: amz"),
      ["inventory.yaml:11:11: no site amz; did you mean ams?"],
    ],
    [
      "a device that stands twice",
      `${good}  - { id: r1, site: ams, address: 192.0.2.2, hostKeys: ["${KEY}"] }\n`,
      ["inventory.yaml:15:11: device r1 stands twice"],
    ],
    [
      "a way home through nothing",
      good.replace("[r1]", "[r2]"),
      ["inventory.yaml:8:15: no device r2; did you mean r1?"],
    ],
    ["no way home", good.replace("    wayHome: [r1]\n", ""), ["wayHome is missing"]],
    ["half a host key", good.replace(KEY, KEY.slice(0, 30)), ["inventory.yaml:13:16: 0: must be a host key"]],
    [
      "a key under another name",
      good.replace(KEY, KEY.replace("ssh-ed25519", "ssh-rsa")),
      ["inventory.yaml:13:16: 0: must be a host key"],
    ],
    [
      "a port out of range",
      good.replace("    site: ams", "    port: 99999\n    site: ams"),
      ["inventory.yaml:11:11: port:"],
    ],
    [
      "no platform anywhere",
      good.replace("  platform: frr_linux\n", ""),
      ["r1 has no platform, and defaults has none"],
    ],
    [
      "a member given twice",
      good.replace("org: acme", "org: acme\norg: other"),
      ["inventory.yaml:2:1: Map keys must be unique"],
    ],
    ["broken YAML", good.replace("[r1]", "[r1"), ["inventory.yaml:"]],
    ["an id in capitals", good.replace("id: r1", "id: R1"), ["inventory.yaml:10:9: id: must be 1 to 63"]],
  ])("names %s", (_what, text, expected) => {
    const found = faults(text);
    for (const message of expected) expect(found).toContainEqual(expect.stringContaining(message));
  });

  it("reads hops, and the way to each device", () => {
    const { hops, devices } = readInventoryFile("inventory.yaml", withHops);
    expect(hops).toEqual([
      expect.objectContaining({ id: "jump", port: 22, credential: "jump", algorithms: "modern", parallel: 8 }),
      expect.objectContaining({ id: "inner", via: "jump", credential: "lab", parallel: 2 }),
    ]);
    expect(devices[0]).toMatchObject({ id: "r1", via: "inner" });
    expect(readInventoryFile("inventory.yaml", good)).not.toHaveProperty("hops");
  });

  it.each([
    ["an unknown hop", withHops.replace("via: inner", "via: iner"), ":18:10: no hop iner; did you mean inner?"],
    ["a circle", withHops.replace("credential: jump", "credential: jump, via: inner"), "the way of r1 is a circle"],
    ["an unknown member", withHops.replace("parallel: 2", "paralel: 2"), "did you mean parallel?"],
    ["a hop without a pin", withHops.replace(`hostKeys: ["${KEY}"], credential: jump`, "credential: jump"), "hostKeys"],
    ["a hop by the name of a device", withHops.replaceAll("inner", "r1"), "r1 stands twice"],
  ])("names %s of the way", (_what, text, expected) => {
    expect(faults(text)).toContainEqual(expect.stringContaining(expected));
  });

  it("names several faults at once, in the file's order", () => {
    const found = faults(
      good
        .replace("address:", "adress:")
        .replace("platform: frr_linux", "platfrom: frr_linux")
        .replace("wayHome: [r1]", "wayHome: 3"),
    );
    expect(found.map((line) => Number(line.split(":")[1]))).toEqual([3, 8, 10, 12]);
  });

  it("does not let a name run away with a message", () => {
    expect(faults("org: acme\nsites: []\ndevices: &a [*a]\n").length).toBeGreaterThan(0);
  });
});

describe("YAML that somebody else wrote", () => {
  const said = (text: string): string => faults(text).join("\n");

  it("names members that stand twice at any depth, by the name that YAML gives them", () => {
    expect(said(good.replace("owner: netops", 'owner: netops, "owner": x'))).toContain("Map keys must be unique");
  });

  it("refuses aliases that stand for too much, and one that stands for itself", () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level}, `.repeat(12)}]`,
    );
    expect(said(`a0: &a0 [x]\n${levels.join("\n")}\n`)).toContain("alias");
    expect(said("a: &a [*a]\n")).not.toBe("");
    for (const deep of ["- ", "? ", "[", "{a: "])
      expect(said(deep.repeat(20_000))).toMatch(/^inventory\.yaml:\d+:\d+: /);
  });

  it("takes no tag for anything but data", () => {
    expect(said(good.replace("id: ams", 'id: !!js/function "() => 1"'))).toContain("Unresolved tag");
  });
});
