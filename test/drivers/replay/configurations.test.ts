/** Every configuration of the corpus, through what a driver keeps of it: stable, the same twice, and without its secrets, but with all else. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { foldLine } from "../../../drivers/engines/cli/fold.ts";
import { Prompts } from "../../../drivers/engines/cli/prompt.ts";
import { compileLanguage } from "../../../drivers/model/language.ts";
import { normalise } from "../../../drivers/model/normalise.ts";
import { parse, print } from "../../../drivers/model/tree.ts";
import { deviceText } from "../../../drivers/text.ts";
import { tagger } from "../support.ts";
import { configurations } from "./configurations.ts";
import { platformFile } from "./file.ts";
import { needsCorpus, present, root } from "./present.ts";
import { device } from "./session.ts";

const MARK = /‹secret:\w+›/g;
/** One of these stands before everything that is hidden, in every language. */
const KEYWORD =
  /password|secret|key|community|hash|authentication|priv|snmp-server user .* auth |snmp-server host .* (?:version (?:1|2c)|informs|traps) |:\/\/[^ :]+:$/i;
/** What only a secret looks like: a hash of crypt(3), a reversible one of Cisco's or Juniper's. */
const HASH = /\$(?:1|5|6|8|9|sha1|sha512)\$|(?:password|secret|key|md5) +[57] [0-9A-Fa-f]{8,}/;

const Lists = z.looseObject({ pass: z.array(z.string()).default([]), fail: z.array(z.string()).default([]) });

needsCorpus();

describe.each(present)("$id", (platform) => {
  const file = platformFile(platform.id);
  const language = compileLanguage(file.language);
  const model = deviceText(file);
  const all = configurations(platform, root);
  const publicText = (text: string): string => model.publicForm(device, text, tagger).publicText;
  const redact = model.lineRedactor(device, tagger, []);
  const byLines = (text: string): string => text.split("\n").map(redact).join("\n");

  test("every configuration: parse, print and parse again; normalised and made public twice", () => {
    expect(all.length).toBeGreaterThan(0);
    for (const { name, text } of all) {
      const once = print(language, parse(language, text));
      expect(print(language, parse(language, once)), name).toBe(once);
      const normal = normalise(language, text);
      expect(normalise(language, normal), name).toBe(normal);
      const shown = model.publicForm(device, text, tagger);
      expect(publicText(shown.publicText), name).toBe(shown.publicText);
      expect(model.publicForm(device, text, tagger).publicDigest, name).toBe(shown.publicDigest);
      // What is stored raw says the same as what was shown.
      expect(model.publicForm(device, normal, tagger).publicDigest, name).toBe(shown.publicDigest);
      expect(model.diff(shown.publicText, publicText(text)), name).toBe("[]");
    }
    console.log(`${platform.id}: ${all.length} configurations`);
  });

  test("no line of a configuration is a prompt of the device that it names", () => {
    for (const { name, text } of all) {
      const host = /^(?:hostname|set system host-name|\s*host-name) +"?(?<host>[\w.-]+)/m.exec(text)?.groups?.["host"];
      const prompts = new Prompts(file);
      prompts.learn(host ?? "r1");
      const found = text.split("\n").filter((line) => prompts.match(foldLine(line)) !== undefined);
      expect(found, name).toEqual([]);
    }
  });

  test("what is hidden stands behind a word that says so, and nothing that looks like a hash is left", () => {
    let hidden = 0;
    for (const { name, text } of all) {
      for (const line of publicText(text)
        .split("\n")
        .map((one) => one.trim())) {
        for (const found of line.matchAll(MARK)) {
          hidden += 1;
          expect(line.slice(0, found.index), `${name}: ${line}`).toMatch(KEYWORD);
        }
        // A comment is no part of the configuration; transcripts hide in it too.
        if (!/^[!#]/.test(line)) expect(line, name).not.toMatch(HASH);
      }
    }
    // The recorded exports of RouterOS hold no secret.
    if (platform.batfish !== undefined) expect(hidden).toBeGreaterThan(0);
    console.log(`${platform.id}: ${hidden} values hidden`);
  });

  test("oxidized: none of the secrets that it names is left, in a configuration or in a transcript, and what it shows is shown", ({
    skip,
  }) => {
    const lists = readdirSync(join(root, "oxidized")).filter(
      (name) => name.startsWith(`${platform.oxidized ?? ""}__`) && name.endsWith("__secret.yaml"),
    );
    if (lists.length === 0) skip("oxidized names no secrets of this platform");
    let count = 0;
    for (const name of lists) {
      const { pass, fail } = Lists.parse(parseYaml(readFileSync(join(root, "oxidized", name), "utf8")));
      const raw = readFileSync(join(root, "oxidized", name.replace("__secret.yaml", "__output.txt")), "utf8");
      const visible = (text: string, secret: string): string[] =>
        text.split("\n").filter((line) => line.includes(secret) && !line.startsWith("! "));
      for (const secret of fail) {
        expect(raw, name).toContain(secret);
        expect(visible(publicText(raw), secret), name).toEqual([]);
        expect(visible(byLines(raw), secret), name).toEqual([]);
        count += 1;
      }
      for (const line of pass.filter((one) => one.includes("<secret ")))
        expect(byLines(raw).replaceAll(/"(‹secret:\w+›)"/g, "$1"), name).toMatch(
          new RegExp(line.replace(/<secret \w+>/, "‹secret:\\w+›")),
        );
    }
    console.log(`${platform.id}: ${count} secrets named by oxidized, in ${lists.length} files`);
  });

  test("napalm: what it removes of a configuration is hidden, and nothing else", ({ skip }) => {
    if (!platform.sanitized) skip("napalm has no sanitized configuration of this platform");
    const where = join(root, "napalm", platform.napalm ?? "", "test_get_config_sanitized", "normal");
    const expected = z
      .record(z.string(), z.string())
      .parse(JSON.parse(readFileSync(join(where, "expected_result.json"), "utf8")));
    // What stands before the secret; where lines are paths and napalm's are braces, the word before it, once.
    const before = (text: string, mark: RegExp): string[] => {
      const heads = text
        .split("\n")
        .filter((line) => mark.test(line))
        .map((line) => line.trim().split(mark)[0]?.replace(/"$/, "").trim() ?? "");
      return language.set
        ? [...new Set(heads.map((head) => head.split(" ").at(-1) ?? ""))].toSorted()
        : heads.toSorted();
    };
    let count = 0;
    for (const [kind, input] of Object.entries(platform.sanitized ?? {})) {
      const path = join(where, input);
      expect(existsSync(path)).toBe(true);
      const theirs = before(expected[kind] ?? "", /<removed>/);
      const ours = before(publicText(readFileSync(path, "utf8")), /‹secret:\w+›/);
      expect(ours.filter((line) => !(platform.shownByNapalm ?? []).includes(line))).toEqual(theirs);
      count += theirs.length;
    }
    console.log(`${platform.id}: ${count} secrets that napalm removes`);
  });
});
