// What real devices said, from public projects: prompts are prompts, output is neither prompt nor error, recorded sessions replay.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readPlatform } from "../../drivers/driver.ts";
import { Cli } from "../../drivers/engines/cli/cli.ts";
import { foldLine } from "../../drivers/engines/cli/fold.ts";
import { Prompts } from "../../drivers/engines/cli/prompt.ts";
import { systemClock } from "../../shared/clock.ts";

const corpus = process.env["FARHAND_CORPUS"];
const present = corpus !== undefined && existsSync(corpus);
const file = readPlatform(readFileSync(new URL("../../drivers/platforms/cisco_iosxe.yaml", import.meta.url), "utf8"));
const errors = file.errors.map(({ pattern, unless }) => ({
  pattern: new RegExp(pattern, "iv"),
  unless: unless === undefined ? undefined : new RegExp(unless, "iv"),
}));
const isError = (line: string): boolean =>
  errors.some(({ pattern, unless }) => pattern.test(line) && !(unless?.test(line) ?? false));

describe.skipIf(!present)(`corpus${present ? "" : ": FARHAND_CORPUS does not name a folder"}`, () => {
  const folder = corpus ?? "";

  test("oxidized: what is a prompt and what is not", () => {
    const cases = parse(readFileSync(join(folder, "oxidized/ios__generic__prompt.yaml"), "utf8")) as {
      pass: string[];
      fail: string[];
    };
    const prompts = new Prompts(file);
    for (const prompt of cases.pass) expect(prompts.hostOf(prompt.trim())).toBe(prompt.trim().replace(/#$/, ""));
    for (const line of cases.fail) expect(prompts.hostOf(line)).toBeUndefined();
  });

  test("ntc-templates: no line of a real output is a prompt of a device with that name, and few look like an error", () => {
    const root = join(folder, "ntc_templates/cisco_ios");
    const outputs = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".raw"));
    expect(outputs.length).toBeGreaterThan(50);
    const prompts = new Prompts(file);
    prompts.learn("edge-1");
    const found: string[] = [];
    for (const name of outputs) {
      for (const line of readFileSync(join(root, name), "utf8").split("\n").map(foldLine)) {
        expect(prompts.match(line)).toBeUndefined();
        if (isError(line)) found.push(`${name}: ${line}`);
      }
    }
    // Outputs longer than a refusal are never held against the rules; these are whole outputs that are one.
    expect(found).toEqual([]);
  });

  test("scrapli_cfg: recorded prompts are told apart by mode, recorded configurations are complete", () => {
    const names = readdirSync(join(folder, "scrapli_cfg")).filter((name) => name.includes("cisco_iosxe"));
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      const text = readFileSync(join(folder, "scrapli_cfg", name), "utf8");
      const prompts = new Prompts(file);
      const host = /\b(?<host>[\w-]+)#/.exec(text)?.groups?.["host"] ?? "";
      prompts.learn(host);
      expect(prompts.match(`${host}#`)).toBe("privileged");
      expect(prompts.match(`${host}(config)#`)).toBe("config");
      expect(prompts.match(`${host}(config-if)#`)).toBe("config");
      expect(prompts.match(`${host}(tcl)#`)).toBe("tcl");
      expect(prompts.match(`${host}>`)).toBe("exec");
      expect(prompts.match(`${host}# show`)).toBeUndefined();
    }
  });

  test.each(["test_get_config__cisco_iosxe-asyncssh", "test_load_config_merge_diff_and_commit__cisco_iosxe-asyncssh"])(
    "scrapli_cfg: %s replays through the engine",
    async (name) => {
      const answers = recordedAnswers(readFileSync(join(folder, "scrapli_cfg", `${name}.yaml`), "utf8"));
      const queue: Uint8Array[] = [new TextEncoder().encode("\r\ncsr1000v#")];
      let wake: () => void = () => undefined;
      const stream = {
        read: async (): Promise<Uint8Array | null> => {
          while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          return queue.shift() ?? null;
        },
        write: (typed: string): Promise<void> => {
          const line = typed.replace(/\r$/, "");
          queue.push(new TextEncoder().encode((line === "" ? undefined : answers.get(line)) ?? `${line}\r\ncsr1000v#`));
          wake();
          return Promise.resolve();
        },
        close: () => undefined,
      };
      const cli = new Cli({
        file,
        stream,
        clock: systemClock,
        credential: { username: "boxen" },
        signal: new AbortController().signal,
        connectMs: 20_000,
        commandMs: 20_000,
        transcript: { write: () => undefined },
        redact: (line) => line,
      });
      await cli.open();
      expect(cli.hostname).toBe("csr1000v");
      const lines: string[] = [];
      await cli.command("show running-config", {
        outputBytesMax: 1_000_000,
        onLines: (more) => void lines.push(...more),
      });
      expect(lines.some((line) => line.startsWith("Current configuration"))).toBe(true);
      expect(lines.filter((line) => line !== "").at(-1)).toBe("end");
      expect(lines.filter((line) => isError(line))).toEqual([]);
    },
  );
});

/** What the box said between one command and the next, by command. */
function recordedAnswers(text: string): Map<string, string> {
  const sessions = parse(text) as Record<
    string,
    { interactions: { channel_output: string; expected_channel_input: string }[] }
  >;
  const answers = new Map<string, string>();
  for (const { interactions } of Object.values(sessions)) {
    let command: string | undefined;
    let said = "";
    for (const { channel_output: output, expected_channel_input: input } of interactions) {
      said += output;
      if (input === "\n") continue;
      if (command !== undefined && !answers.has(command)) answers.set(command, said);
      command = input;
      said = "";
    }
  }
  return answers;
}
