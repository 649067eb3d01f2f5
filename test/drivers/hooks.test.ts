// Hooks are code that a platform file names. Each is one more thing that a file alone does not say: they are listed, and the list is counted.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { hooks } from "../../drivers/transaction/hooks.ts";
import { PlatformFile } from "../../drivers/platform.ts";
import { ROOT } from "../support/child.ts";

const FOLDER = join(ROOT, "drivers/platforms");

const Named = z.looseObject({
  id: z.string(),
  https: z.looseObject({ api: z.string() }).optional(),
  loginChange: z.looseObject({ kind: z.string() }).optional(),
  transactions: z.record(z.string(), z.looseObject({ hook: z.string().optional() })).optional(),
});

/** What is said as data: no code of its own. */
const DATA = new Set(["lines"]);

function namedByFiles(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const name of readdirSync(FOLDER)) {
    const { id, https, loginChange, transactions } = Named.parse(parse(readFileSync(join(FOLDER, name), "utf8")));
    const kinds = [https?.api, loginChange?.kind, ...Object.values(transactions ?? {}).map(({ hook }) => hook)];
    for (const kind of kinds)
      if (kind !== undefined && !DATA.has(kind)) found.set(kind, (found.get(kind) ?? new Set()).add(id));
  }
  return found;
}

/** The rows of the table in drivers/README.md: the hook, and who names it. */
function listed(): Map<string, Set<string>> {
  const text = readFileSync(join(ROOT, "drivers/README.md"), "utf8");
  const section = text.slice(text.indexOf("### Hooks, counted"));
  const rows = section.slice(0, section.indexOf("\n## ")).matchAll(/^\| `(?<hook>[a-z\-]+)` \| (?<by>[^\|]+) \|/gmv);
  return new Map(
    Array.from(rows, ({ groups }) => {
      const by = (groups?.["by"] ?? "").replace(/\(.*$/v, "");
      return [groups?.["hook"] ?? "", new Set(Array.from(by.matchAll(/`(\w+)`/gv), ([, id = ""]) => id))] as const;
    }),
  );
}

test("every hook that a platform file names is in the list of the README, and no other", () => {
  const named = namedByFiles();
  expect(named.size).toBeGreaterThan(0);
  expect(listed()).toEqual(named);
  console.log([...named].map(([hook, by]) => `${hook}: ${[...by].join(", ")}`).join("\n"));
});

test("nothing can be named that no file names", () => {
  const named = new Set(namedByFiles().keys());
  const { loginChange, https } = PlatformFile.shape;
  const kinds = loginChange.unwrap().options.map((option) => option.shape.kind.value);
  const apis = https.unwrap().shape.api.options;
  const all = [...Object.keys(hooks), ...kinds, ...apis].filter((kind) => !DATA.has(kind));
  expect(all.filter((kind) => !named.has(kind))).toEqual([]);
});
