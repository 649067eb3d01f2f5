import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import type { CommandChannel } from "../engines/channel.ts";
import { readPlatform } from "../model/platform-files.ts";
import { RecipeUndo } from "./recipes.ts";

const file = readPlatform(readFileSync(new URL("../platforms/cisco_iosxe.yaml", import.meta.url), "utf8"));

const token = {
  platform: file.id,
  id: "a",
  mode: "replace" as const,
  confirmMs: 60_000,
  preImage: sha256(""),
  data: { name: "0123456789abcdef", timer: 1, username: "netops" },
};

/** A channel that writes down what is said to it, and a device that has its timer armed. */
function onPaper(): { undo: RecipeUndo; typed: string[] } {
  const typed: string[] = [];
  const armed = "Timer type: absolute\nTimer value: 1 min  User: netops\n";
  const cli = {
    mode: file.base,
    enter: () => Promise.resolve(),
    command: (text: string) => Promise.resolve(void typed.push(text)),
    instruct: ({ send }: { send: string }) => Promise.resolve(typed.push(send) > 0 ? armed : ""),
    requireNoError: () => undefined,
    mayRename: () => undefined,
    redacted: (text: string) => text,
  };
  return { undo: new RecipeUndo(file, cli as unknown as CommandChannel, "netops"), typed };
}

test("a certificate as IOS shows it is put back: the tab before its `quit` would ask for help", async () => {
  const { undo, typed } = onPaper();
  const commands = ["crypto pki certificate chain X", " certificate ca 01\n  30820321 \n  \tquit", "end"];
  await undo.apply(token, commands);
  expect(typed).toContain("   quit");
  expect(typed.join("\n")).not.toContain("\t");
});

test("what cannot be typed is refused before the document is open, which would keep the terminal", async () => {
  const { undo, typed } = onPaper();
  await expect(undo.apply(token, ["hostname r1", "banner motd #\nwhy?\n#"])).rejects.toThrow("TEXT_REFUSED");
  expect(typed).toEqual([]);
});

test("a secret with a brace does not get out of the here-document, where its rest would be run", async () => {
  const { undo, typed } = onPaper();
  const commands = ["hostname r1", "snmp-server community a} RO", "reload", "end"];
  const refused = undo.apply(token, commands);
  await expect(refused).rejects.toThrow("TEXT_REFUSED");
  await expect(refused).rejects.not.toThrow("community");
  expect(typed).toEqual([]);
});
