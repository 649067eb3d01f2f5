// State checks where drivers, simulators and changes meet: the packs against the allow-lists, and changes that break something.
import { describe, expect, test } from "vitest";
import { allPacks, tableOf } from "../../drivers/model/state/packs.ts";
import { driverFor } from "../../drivers/registry.ts";

describe("packs", () => {
  test.each(allPacks().map((pack) => [pack.id, pack] as const))(
    "%s asks only for what may be read, by commands that lead back to their tables",
    (id, pack) => {
      const driver = driverFor(id);
      const commands = Object.values(pack.tables).map(({ command }) => command);
      expect(commands.filter((command) => driver?.isRead(command) !== true)).toEqual([]);
      expect(commands.map((command) => tableOf(pack, command)?.[0])).toEqual(Object.keys(pack.tables));
      console.log(`${id}: ${Object.keys(pack.tables).join(", ")}`);
    },
  );
});
