import { describe, expect, it } from "vitest";
import { Inventory } from "./documents/inventory.ts";
import type { DeviceId, HopId } from "./ids.ts";
import { makeOrg } from "./testing/org.ts";
import { InventoryView } from "./trust.ts";
import { sha256, jcs } from "./bytes.ts";

const org = await makeOrg();
const base = org.inventory.inventory.document;
const pin = base.devices[0]?.hostKeys ?? [];
const login = { port: 22, hostKeys: pin, algorithms: "modern", credential: "jump" };
const hop = (id: string, over: object = {}) => ({
  id,
  site: "ams",
  address: "192.0.2.200",
  parallel: 8,
  ...login,
  ...over,
});

/** The inventory of the test organisation, its first device behind this hop. */
function behind(via: string, ...hops: object[]): unknown {
  const [first, ...rest] = base.devices;
  return { ...base, devices: [{ ...first, via }, ...rest], hops };
}

const faults = (value: unknown): string[] =>
  (Inventory.safeParse(value).error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);

describe("the way to a device", () => {
  it("leads through at most three hops, in the order in which they are dialled", () => {
    const value = behind("h3", hop("h1"), hop("h2", { via: "h1" }), hop("h3", { via: "h2" }));
    const document = Inventory.parse(value);
    const view = new InventoryView({ document, digest: sha256(jcs(document)), bytes: jcs(document) });
    const [first, second] = document.devices;
    if (!first || !second) throw new Error("the test organisation has two devices");
    expect(view.pathTo(first).map(({ id }) => id)).toEqual(["h1", "h2", "h3"]);
    expect(view.pathTo(second)).toEqual([]);
    expect(view.hop("h2" as HopId)).toMatchObject({ via: "h1" });
    expect(view.device("h2" as unknown as DeviceId)).toBeUndefined();
  });

  it("T34: does not lead through another site's hop, and so never uses another site's credential", () => {
    const fault = "devices.0.via: hop h1 is at lon, ams-r1 at ams";
    expect(faults(behind("h1", hop("h1", { site: "lon" })))).toContainEqual(fault);
    const chained = behind("h1", hop("h1", { via: "h2" }), hop("h2", { site: "lon" }));
    expect(faults(chained)).toContainEqual("hops.0.via: hop h2 is at lon, h1 at ams");
  });

  it.each([
    ["a hop that is not there", behind("h9", hop("h1")), "devices.0.via: no hop h9"],
    ["a device in a hop's place", behind("ams-r2", hop("h1")), "devices.0.via: no hop ams-r2"],
    ["a hop behind itself", behind("h1", hop("h1", { via: "h1" })), "hops.0.via: the way of h1 is a circle"],
    [
      "two hops behind each other",
      behind("h1", hop("h1", { via: "h2" }), hop("h2", { via: "h1" })),
      "devices.0.via: the way of ams-r1 is a circle",
    ],
    [
      "four hops",
      behind("h4", hop("h1"), hop("h2", { via: "h1" }), hop("h3", { via: "h2" }), hop("h4", { via: "h3" })),
      "devices.0.via: the way of ams-r1 has more than 3 hops",
    ],
    [
      "a circle longer than any way",
      behind("h1", ...[1, 2, 3, 4, 5].map((n) => hop(`h${n}`, { via: `h${(n % 5) + 1}` }))),
      "devices.0.via: the way of ams-r1 has more than 3 hops",
    ],
    ["a hop by a device's name", behind("ams-r2", hop("ams-r2")), "hops.0.id: ams-r2 stands twice"],
    ["a hop twice", behind("h1", hop("h1"), hop("h1")), "hops.1.id: h1 stands twice"],
    ["a hop at no site", behind("h1", hop("h1", { site: "mars" })), "hops.0.site: no site mars"],
    [
      "a hop that shares a device's login",
      behind("h1", hop("h1", { address: base.devices[1]?.address, credential: base.devices[1]?.credential })),
      "hops.0.credential: h1 logs in as ams-r2 does",
    ],
  ])("is refused with %s", (_what, value, fault) => {
    expect(faults(value)).toContainEqual(expect.stringContaining(fault));
  });
});
