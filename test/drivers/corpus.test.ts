// What real devices said, from public projects: prompts are prompts, output is neither prompt nor error, recorded sessions replay.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readPlatform } from "../../drivers/driver.ts";
import { foldLine } from "../../drivers/engines/cli/fold.ts";
import { Prompts } from "../../drivers/engines/cli/prompt.ts";

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
});
