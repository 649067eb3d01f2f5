import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { diffTexts, parseDiff } from "./diff.ts";
import { corpus, device, loadLanguage, tagger } from "./fixtures/platform.ts";
import { normalise } from "./normalise.ts";
import { predict } from "./predict.ts";
import { publicForm } from "./public-form.ts";
import { redactStream } from "./redact-stream.ts";
import { renderDiff } from "./render-diff.ts";
import { parse, print } from "./tree.ts";

const folder = corpus();
const ios = loadLanguage("cisco_iosxe");
const read = (...path: string[]): string => readFileSync(join(folder ?? "", ...path), "utf8");
const publicText = (raw: string): string => publicForm(ios, device, raw, tagger).publicText;

function configurations(): string[] {
  if (folder === undefined) return [];
  const list = (...path: string[]): string[] => readdirSync(join(folder, ...path)).map((name) => join(...path, name));
  return [
    ...list("batfish", "cisco").filter((path) => !path.endsWith("BUILD.bazel")),
    ...list("napalm", "ios", "ios").filter((path) => path.endsWith(".conf")),
    ...list("napalm", "ios", "test_get_config", "normal").filter((path) => path.endsWith(".txt")),
    ...list("hier_config").filter((path) => /ios_\w+\.conf$/v.test(path)),
    ...list("oxidized").filter((path) => /ios__.*output\.txt$/v.test(path)),
  ];
}

describe.skipIf(folder === undefined)("the corpus", () => {
  test.each(configurations())("%s prints to what it parses to, in every form", (path) => {
    const raw = read(path);
    const once = print(ios, parse(ios, raw));
    expect(print(ios, parse(ios, once))).toBe(once);
    const normal = normalise(ios, raw);
    expect(normalise(ios, normal)).toBe(normal);
    const shown = publicText(raw);
    expect(publicText(shown)).toBe(shown);
    expect(diffTexts(ios, shown, print(ios, parse(ios, shown)))).toBe("[]");
    // A configuration replaced by its own public form changes nothing and gives back every secret.
    const before = { raw: normal, publicText: shown };
    // Typed with other delimiters than a device shows, and with words behind them.
    if (path.endsWith("ios_banner")) return;
    const prediction = predict(ios, { device, mode: "replace", text: shown, before, tagger });
    expect(prediction.diff).toBe("[]");
    const rendered = `${prediction.render(() => undefined).join("\n")}\n`;
    expect(diffTexts(ios, shown, publicText(rendered.includes("banner") ? normal : rendered))).toBe("[]");
  });

  test("no secret that oxidized lists survives", () => {
    const lists = readdirSync(join(folder ?? "", "oxidized")).filter((name) => /^ios__.*__secret\.yaml$/v.test(name));
    expect(lists.length).toBeGreaterThan(0);
    for (const name of lists) {
      const { fail } = z.object({ fail: z.array(z.string()) }).parse(parseYaml(read("oxidized", name)));
      const raw = read("oxidized", name.replace("__secret.yaml", "__output.txt"));
      const stream = redactStream(ios, device, tagger, []);
      const streamed =
        raw
          .split("")
          .map((c) => stream.push(c))
          .join("") + stream.flush();
      for (const secret of fail) {
        expect(raw).toContain(secret);
        for (const text of [publicText(raw), streamed]) expect(lines(text, secret)).toEqual([]);
      }
    }
  });

  test("what napalm removes is hidden, and nothing of the rest is", () => {
    const raw = read("napalm", "ios", "test_get_config_sanitized", "normal", "show_running_config.txt");
    const expected = z
      .object({ running: z.string() })
      .parse(JSON.parse(read("napalm", "ios", "test_get_config_sanitized", "normal", "expected_result.json"))).running;
    const bare = (text: string): string[] =>
      text
        .split("\n")
        .map((line) => line.trimEnd().replaceAll(/‹secret:\w+›/gv, "<removed>"))
        .filter((line) => line !== "" && line !== "!");
    // napalm leaves this one in the clear.
    expect(bare(publicText(raw))).toEqual(bare(expected.replace("enable password cisco", "enable password <removed>")));
  });

  /** hier_config's remediation and rollback are what an engineer would type; ours must then predict what it calls generated and running. */
  test.each([
    ["running", "remediation", "generated"],
    ["generated", "rollback", "running"],
  ])("the %s configuration with the %s becomes the %s one", (from, change, to) => {
    const [before, text, after] = [from, change, to].map((name) => read("hier_config", `ios_${name}.conf`)) as [
      string,
      string,
      string,
    ];
    const prediction = predict(ios, {
      device,
      mode: "merge",
      text,
      before: { raw: normalise(ios, before), publicText: publicText(before) },
      tagger,
    });
    // hier_config writes `no shutdown` into its configurations; IOS never shows it, so a new interface has it in one of them only.
    const visible = (json: string): string[] =>
      parseDiff(json)
        .filter((entry) => entry.line !== "no shutdown")
        .map((entry) => JSON.stringify(entry));
    expect(visible(prediction.diff)).toEqual(visible(diffTexts(ios, publicText(before), publicText(after))));
  });

  test("a merge and a replace do what napalm expects of them", () => {
    const initial = read("napalm", "ios", "ios", "initial.conf");
    const before = { raw: normalise(ios, initial), publicText: publicText(initial) };
    const merged = predict(ios, {
      device,
      mode: "merge",
      text: read("napalm", "ios", "ios", "merge_good.conf"),
      before,
      tagger,
    });
    expect(renderDiff(merged.diff)).toBe("+ logging buffered 9000");
    const replaced = predict(ios, {
      device,
      mode: "replace",
      text: read("napalm", "ios", "ios", "new_good.conf"),
      before,
      tagger,
    });
    expect(renderDiff(replaced.diff).split("\n")).toEqual([
      "+ router bgp 65000",
      "+   bgp log-neighbor-changes",
      "+   neighbor 1.1.1.1 remote-as 12345",
      "  interface GigabitEthernet2",
      "-   no ip address",
      "+   ip address 172.20.0.1 255.255.255.0",
    ]);
  });
});

const lines = (text: string, secret: string): string[] =>
  text.split("\n").filter((line) => line.includes(secret) && !line.startsWith("! "));
