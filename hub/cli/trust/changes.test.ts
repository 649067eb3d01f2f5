// A person signs what these lines say: whatever a set changes must be among them.
import { expect, it } from "vitest";
import { signEnvelope } from "../../../shared/envelope.ts";
import type { PolicyId } from "../../../shared/ids.ts";
import { makeOrg } from "../../../shared/testing/org.ts";
import { openInventory, openNewerKeys } from "../../../shared/trust.ts";
import type { Inventory } from "../../../shared/documents/inventory.ts";
import type { Keys } from "../../../shared/documents/keys.ts";
import { changesOf } from "./changes.ts";

const org = await makeOrg();
const keysAfter = async (change: (keys: Keys) => Keys): Promise<string[]> => {
  const next = { ...change(org.trust.keys.document), version: 2 };
  const keys = await openNewerKeys(await signEnvelope("farhand-keys+jws", next, [org.people.kim]), org.trust);
  return changesOf(org.view, { ...org.view, keys });
};
const inventoryAfter = async (change: (inventory: Inventory) => Inventory): Promise<string[]> => {
  const next = { ...change(org.inventory.inventory.document), version: 2 };
  const inventory = await openInventory(await signEnvelope("farhand-inventory+jws", next, [org.people.kim]), org.trust);
  return changesOf(org.view, { ...org.view, inventory });
};

it("nothing changed is no line", () => {
  expect(changesOf(org.view, org.view)).toEqual([]);
});

it("who may sign: a key that goes, another name, a policy that goes or is weaker", async () => {
  const renamed = await keysAfter((keys) => ({
    ...keys,
    people: keys.people.map((person) => (person.id === "bob" ? { ...person, name: "Bob\u001b[2J" } : person)),
  }));
  expect(renamed).toEqual([expect.stringContaining("~ person bob is called Bob")]);
  expect(renamed.join()).not.toContain("\u001b");
  const [policy] = org.trust.keys.document.policies;
  if (!policy) throw new Error("no policy");
  const lax = { ...policy, version: 2, rules: { ...policy.rules, change: { approvers: 0, onePerson: true } } };
  expect(await keysAfter((keys) => ({ ...keys, policies: [lax] }))).toEqual([
    expect.stringMatching(/^! policy default v2: .*"onePerson":true/),
    "! - policy default v1",
  ]);
  expect(
    (
      await keysAfter((keys) => ({ ...keys, policies: [...keys.policies, { ...policy, id: "other" as PolicyId }] }))
    ).join(),
  ).toContain("! policy other v1");
});

it("where a device is reached, what it shows and what logs in to it, member by member; and the sites", async () => {
  const moved = await inventoryAfter((inventory) => ({
    ...inventory,
    devices: inventory.devices.map((device) =>
      device.id === "ams-r1" ? { ...device, address: "203.0.113.66" } : device,
    ),
  }));
  expect(moved).toEqual([`~ device ams-r1: address "192.0.2.1" -> "203.0.113.66"`]);
  const sites = await inventoryAfter((inventory) => ({
    ...inventory,
    sites: inventory.sites.map((site) => ({ ...site, parallel: 1 })),
    devices: inventory.devices.filter(({ id }) => id !== "ams-r2"),
  }));
  expect(sites).toEqual(["- device ams-r2", expect.stringContaining("~ sites of the inventory: ")]);
});
