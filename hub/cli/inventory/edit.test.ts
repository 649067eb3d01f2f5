import { expect, it } from "vitest";
import { withHostKeys } from "./edit.ts";
import { readInventoryFile } from "./file.ts";

const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const yaml = `# who: netops
org: acme
defaults: { platform: frr_linux, credential: lab }
sites:
  - id: ams
    wayHome: [] # none
devices:
  # the edge
  - id: r1
    site: ams
    address: 192.0.2.1
    hostKeys: [] # not seen yet
  - { id: r2, site: ams, address: 192.0.2.2, hostKeys: [] }
`;
const key = { algorithm: "ssh-ed25519", publicKey: KEY } as const;

it("writes keys into the file, and touches nothing else", () => {
  const edited = withHostKeys("inventory.yaml", yaml, new Map([["r1", [key]]]));
  const { devices } = readInventoryFile("inventory.yaml", edited);
  expect(devices.map(({ id, hostKeys }) => [id, hostKeys])).toEqual([
    ["r1", [key]],
    ["r2", []],
  ]);
  for (const comment of ["# who: netops", "# none", "# the edge"]) expect(edited).toContain(comment);
  expect(withHostKeys("inventory.yaml", edited, new Map([["r1", []]]))).not.toContain(KEY);
});

it("does nothing where a device's keys are also another's", () => {
  const shared = yaml
    .replace("hostKeys: [] # not seen yet", "hostKeys: &none []")
    .replace("hostKeys: [] }", "hostKeys: *none }");
  expect(() => withHostKeys("inventory.yaml", shared, new Map([["r1", [key]]]))).toThrow("INVENTORY_FILE");
});
