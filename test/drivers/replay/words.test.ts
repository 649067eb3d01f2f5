/** What real devices show is what the engine takes it for: a prompt is one, and no output is, nor an error, however it is cut. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { foldLine } from "../../../drivers/engines/cli/fold.ts";
import { Prompts } from "../../../drivers/engines/cli/prompt.ts";
import type { PlatformFile } from "../../../drivers/platform.ts";
import { record } from "../matrix/results.ts";
import { WAYS, type Way } from "./cut.ts";
import { platformFile } from "./file.ts";
import { Peer, type Standing } from "./peer.ts";
import type { ReplayPlatform } from "./platforms.ts";
import { needsCorpus, present, root } from "./present.ts";
import { lastLine } from "./recording.ts";
import { recordings } from "./recordings.ts";
import { openOn } from "./session.ts";

const PromptCases = z.looseObject({
  pass: z.array(z.string()).default([]),
  pass_with_expect: z.array(z.string()).default([]),
  fail: z.array(z.string()).default([]),
});

const COMMAND = "show what was recorded";
const SILENT: readonly Standing[] = [
  { typed: /^\/system identity print$/, answer: () => "  name: r1\n", why: "how RouterOS tells its name" },
  { typed: /^(?!show )./, answer: () => "", why: "sets the terminal" },
];

/** Names that stand first in a line of the output, as prompts do, but for words that are no names of hosts. */
function hostsIn(output: string): string[] {
  const first = output.split("\n").flatMap((line) => /^[A-Za-z][\w.-]{2,30}(?=[\s>#:(]|$)/.exec(line)?.[0] ?? []);
  const named = output.matchAll(
    /(?:Device ID: ?|System Name: ?|^hostname |host-name |Hostname: )"?(?<host>[\w.-]{2,30})/gm,
  );
  return [...new Set([...Array.from(named, ({ groups }) => groups?.["host"] ?? ""), ...first])].slice(0, 3);
}

/** Whoever kept an output kept the line above it too: a prompt, and what was typed. */
const withoutTyped = (output: string): string => output.replace(/^[\w.\-@]{1,63}[>#] ?sh(?:ow)? .*\n/, "");

async function asOutput(file: PlatformFile, platform: ReplayPlatform, output: string, host: string, way: Way) {
  const prompt = platform.prompt(host);
  const body = output.replace(/\n$/, "");
  const peer = new Peer(
    {
      name: host,
      greeting: `\n${prompt}`,
      exchanges: [{ typed: COMMAND, at: lastLine(prompt), came: [COMMAND, `\n${body}\n`, prompt] }],
    },
    SILENT,
    way,
  );
  const { cli } = await openOn(peer, file);
  const lines: string[] = [];
  await cli.command(COMMAND, { outputBytesMax: 1e7, onLines: (more) => void lines.push(...more) });
  // On a channel of its own lines that go on in the next are joined, and nothing is drawn.
  if (file.transport.kind === "ssh-shell") expect(lines).toEqual(body.split("\n").map(foldLine));
  else expect(lines.join("").replaceAll(/[\s\\]/g, "")).toBe(body.replaceAll(/[\s\\]/g, ""));
  await cli.close();
  return () => cli.requireNoError(COMMAND, lines, "read");
}

needsCorpus();

describe.each(present)("$id", (platform) => {
  const file = platformFile(platform.id);

  test("oxidized: what is a prompt and what is none", ({ skip }) => {
    const names = readdirSync(join(root, "oxidized")).filter(
      (name) => name.startsWith(`${platform.oxidized}__`) && name.endsWith("__prompt.yaml"),
    );
    if (names.length === 0) skip("oxidized has no prompts of this platform");
    let count = 0;
    for (const name of names) {
      const cases = PromptCases.parse(parse(readFileSync(join(root, "oxidized", name), "utf8")));
      for (const prompt of [...cases.pass, ...cases.pass_with_expect]) {
        const shown = foldLine(prompt);
        const prompts = new Prompts(file);
        const host = prompts.hostOf(shown) ?? "";
        expect(shown.startsWith(host) && host !== "").toBe(true);
        prompts.learn(host);
        expect(prompts.match(shown)).toBeDefined();
      }
      for (const line of cases.fail) expect(new Prompts(file).hostOf(foldLine(line))).toBeUndefined();
      count += cases.pass.length + cases.pass_with_expect.length + cases.fail.length;
    }
    record({ platform: platform.id, transport: "cli" }, { recorded: count });
    console.log(`${platform.id}: ${count} prompt cases of oxidized's in ${names.length} files`);
  });

  test("every prompt in a recorded session belongs to a mode", ({ skip }) => {
    if (file.transport.kind === "ssh-exec") skip("each command has a channel of its own, without a prompt");
    const found = new Map<string, number>();
    for (const { recording } of recordings(platform, root)) {
      const prompts = new Prompts(file);
      const host = recording.exchanges.flatMap(({ at }) => prompts.hostOf(foldLine(at)) ?? [])[0];
      prompts.learn(host ?? "");
      for (const { at, came } of recording.exchanges)
        for (const line of [at, lastLine(came.join(""))].map(foldLine)) {
          if (!/^\S+[>#%] ?$/.test(line) || platform.noPrompt?.test(line)) continue;
          const mode = prompts.match(line);
          expect([line, mode]).toEqual([line, expect.any(String)]);
          found.set(mode ?? "", (found.get(mode ?? "") ?? 0) + 1);
        }
    }
    const counts = [...found].map(([mode, count]) => `${count} of ${mode}`);
    console.log(`${platform.id}: recorded prompts: ${counts.join(", ")}`);
    expect(found.size).toBeGreaterThan(0);
  });

  test("ntc-templates: no output is a prompt or an error, whatever the device is called and however it is cut", async ({
    skip,
  }) => {
    if (platform.ntc === undefined) skip("ntc-templates has no outputs of this platform");
    const where = join(root, "ntc_templates", platform.ntc ?? "");
    const names = readdirSync(where, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".raw"));
    let runs = 0;
    let bytes = 0;
    for (const name of names) {
      const output = withoutTyped(readFileSync(join(where, name), "utf8"));
      bytes += output.length;
      for (const host of ["edge-1", ...hostsIn(output)])
        for (const way of WAYS) {
          try {
            const judge = await asOutput(file, platform, output, host, way);
            if (platform.refusals?.test(name)) expect(judge).toThrow("COMMAND_REFUSED");
            else judge();
          } catch (error) {
            throw new Error(`${name}, on ${host}, ${way.kind}`, { cause: error });
          }
          runs += 1;
        }
    }
    expect(names.length).toBeGreaterThan(10);
    record({ platform: platform.id, transport: "cli" }, { recorded: names.length });
    console.log(`${platform.id}: ${names.length} outputs, ${bytes} bytes, read ${runs} times`);
  });
});
