import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import type { CommandChannel } from "../engines/channel.ts";
import { readPlatform } from "../driver.ts";
import { RecipeUndo } from "./recipes.ts";

const file = readPlatform(readFileSync(new URL("../platforms/cisco_iosxe.yaml", import.meta.url), "utf8"));

test("a secret with a brace does not get out of the here-document, where its rest would be run", async () => {
  const typed: string[] = [];
  const cli = {
    mode: file.base,
    enter: () => Promise.resolve(),
    command: (text: string) => Promise.resolve(void typed.push(text)),
    instruct: ({ send }: { send: string }) => Promise.resolve(typed.push(send) > 0 ? "" : ""),
  };
  const undo = new RecipeUndo(file, cli as unknown as CommandChannel, "netops");
  const token = {
    platform: file.id,
    id: "a",
    mode: "replace" as const,
    confirmMs: 60_000,
    preImage: sha256(""),
    data: { name: "0123456789abcdef", timer: 1, username: "netops" },
  };
  const commands = ["hostname r1", "snmp-server community a} RO", "reload", "end"];
  const refused = undo.apply(token, commands);
  await expect(refused).rejects.toThrow("TEXT_REFUSED");
  await expect(refused).rejects.not.toThrow("community");
  expect(typed).toEqual([]);
});
