import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { CommandChannel } from "../engines/channel.ts";
import { refuseErrors } from "../engines/answers.ts";
import { readPlatform } from "../model/platform-files.ts";
import type { PlatformFile } from "../platform.ts";
import { pendingWords, readPending } from "./armed.ts";

const folder = new URL("../platforms/", import.meta.url);
const files: readonly PlatformFile[] = readdirSync(folder)
  .map((name) => readFileSync(new URL(name, folder), "utf8"))
  .filter((text) => "transactions" in (parse(text) as object))
  .map((text) => readPlatform(text));

const data = { name: "0123456789abcdef", timer: 1, username: "netops" };

/** A device that says the same whatever it is asked. */
function saying(file: PlatformFile, answer: string): CommandChannel {
  const channel: Pick<CommandChannel, "instruct" | "requireNoError" | "redacted"> = {
    instruct: () => Promise.resolve(answer),
    requireNoError: (command, lines, kind) => refuseErrors(file.errors, { command, lines, kind }, (text) => text),
    redacted: (text) => text,
  };
  return channel as CommandChannel;
}

const REFUSALS: Readonly<Record<string, string>> = {
  arista_eos: "% Authorization denied for command 'show configuration sessions detail'",
  cisco_iosxe: "Command authorization failed.",
  juniper_junos: "error: permission denied",
  mikrotik_routeros: "not enough permissions (9)",
  nokia_srlinux: "Error: not authorized to read '/system/configuration/commit'",
};

const timed = files.flatMap((file) =>
  file.transactions.merge?.armed ? [[file.id, file, file.transactions.merge.armed] as const] : [],
);

test("every platform that is asked for its timer is asked here what a refusal means", () => {
  expect(timed.map(([id]) => id).toSorted()).toEqual(Object.keys(REFUSALS));
});

test.each(timed)("%s: a refusal says neither that a timer runs nor that none does", async (id, file, armed) => {
  const cli = saying(file, REFUSALS[id] ?? "");
  expect(await readPending(cli, armed, data)).toBe("unknown");
  await expect(pendingWords(cli, armed)).rejects.toThrow(/AUTHORIZATION_DENIED|COMMAND_REFUSED/v);
});

test("IOS says that no timer runs in words that begin as its refusals do", async () => {
  const [, file, armed] = timed.find(([id]) => id === "cisco_iosxe") ?? [];
  if (!file || !armed) throw new Error("no IOS");
  const cli = saying(file, "%No Rollback Confirmed Change pending");
  expect(await readPending(cli, armed, data)).toBe("none");
  expect(await pendingWords(cli, armed)).toBeNull();
});

/** As long as an answer may be: with work that grows by the square this would not end within a test's time. */
const LONG = 256 * 1024;
const long = (start: string, unit: string): string => start + unit.repeat(LONG / unit.length);

test.each(timed)("%s: what a hostile device says keeps nobody busy", async (_id, file, armed) => {
  const unfinished = file.transactions.merge?.unfinished?.pattern ?? "(?!)";
  const others = [
    unfinished,
    armed.owner ?? armed.any,
    ...(file.transactions.merge?.requires ?? []).map(({ holds }) => holds),
    ...[file.facts.model, file.facts.version, file.facts.serial].flatMap((pattern) => pattern ?? []),
  ].map((source) => new RegExp(source, "gimv"));
  for (const answer of [
    long("", " "),
    long("", "*"),
    long("", "\n"),
    long("0", " "),
    long("0 x\n", " "),
    long("", "0 "),
  ]) {
    const cli = saying({ ...file, errors: [] }, answer);
    expect(await readPending(cli, { ...armed, none: "(?!)" }, data)).toBe("unknown");
    await pendingWords(cli, armed);
    for (const pattern of others) expect([...answer.matchAll(pattern)].length).toBeLessThan(2);
  }
});
