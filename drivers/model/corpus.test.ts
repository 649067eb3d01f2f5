import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { diffTexts, diffTrees, parseDiff } from "./diff.ts";
import { corpus, device, loadLanguage, tagger } from "./fixtures/platform.ts";
import type { Language } from "./language.ts";
import { scan } from "./lines.ts";
import { merge } from "./merge.ts";
import { normalise } from "./normalise.ts";
import { predict } from "./predict.ts";
import { publicForm } from "./public-form.ts";
import { redactStream } from "./redact-stream.ts";
import { remediation } from "./remediation.ts";
import { renderDiff } from "./render-diff.ts";
import { parse, parseLines, print } from "./tree.ts";

const folder = corpus();
const ios = loadLanguage("cisco_iosxe");
const read = (...path: string[]): string => readFileSync(join(folder ?? "", ...path), "utf8");
const publicText = (raw: string): string => publicForm(ios, device, raw, tagger).publicText;

interface Case {
  readonly id: string;
  readonly path: string;
}

function configurations(): Case[] {
  if (folder === undefined) return [];
  const list = (...path: string[]): string[] => readdirSync(join(folder, ...path)).map((name) => join(...path, name));
  const of = (id: string, paths: readonly string[]): Case[] => paths.map((path) => ({ id, path }));
  const batfish = (name: string): string[] => list("batfish", name).filter((path) => !path.endsWith("BUILD.bazel"));
  const napalm = (name: string): string[] => list("napalm", name, name).filter((path) => path.endsWith(".conf"));
  const hier = (name: string): string[] =>
    list("hier_config").filter((path) => new RegExp(`/${name}_(?:running|generated)\\.conf$`, "v").test(path));
  const oxidized = (name: string): string[] =>
    list("oxidized").filter((path) => new RegExp(`/${name}__.*output\\.txt$`, "v").test(path));
  return [
    ...of("cisco_iosxe", [
      ...batfish("cisco"),
      ...napalm("ios"),
      ...list("napalm", "ios", "test_get_config", "normal").filter((path) => path.endsWith(".txt")),
      ...hier("ios"),
      ...oxidized("ios"),
    ]),
    ...of("arista_eos", [...batfish("arista"), ...napalm("eos"), ...hier("eos"), ...oxidized("eos")]),
    ...of("juniper_junos", [
      ...batfish("juniper"),
      ...napalm("junos"),
      ...list("napalm", "junos", "test_get_config_sanitized", "normal").filter((path) => path.endsWith(".xml")),
      ...hier("junos"),
      ...oxidized("junos"),
    ]),
  ];
}

/** Typed with other delimiters than a device shows, and with words behind them; or text that no device would show. */
const NOT_SHOWN = /ios_banner$|eos_banner$/v;

const absent = folder === undefined ? ": FARHAND_CORPUS does not name a folder" : "";

describe.skipIf(folder === undefined)(`the corpus${absent}`, () => {
  test.each(configurations())("$path prints to what it parses to, in every form", ({ id, path }) => {
    const language = loadLanguage(id);
    const raw = read(path);
    const publicText = (text: string): string => publicForm(language, device, text, tagger).publicText;
    const once = print(language, parse(language, raw));
    expect(print(language, parse(language, once))).toBe(once);
    const normal = normalise(language, raw);
    expect(normalise(language, normal)).toBe(normal);
    const shown = publicText(raw);
    expect(publicText(shown)).toBe(shown);
    expect(diffTexts(language, shown, print(language, parse(language, shown)))).toBe("[]");
    // A configuration replaced by its own public form changes nothing and gives back every secret.
    const before = { raw: normal, publicText: shown };
    if (NOT_SHOWN.test(path)) return;
    const prediction = predict(language, { device, mode: "replace", text: shown, before, tagger });
    expect(prediction.diff).toBe("[]");
    const rendered = `${prediction.render(() => undefined).join("\n")}\n`;
    expect(diffTexts(language, shown, publicText(rendered.includes("banner") ? normal : rendered))).toBe("[]");
  });

  test.each([
    ["cisco_iosxe", "ios"],
    ["arista_eos", "eos"],
    ["juniper_junos", "junos"],
  ])("no secret that oxidized lists for %s survives", (id, model) => {
    const language = loadLanguage(id);
    const lists = readdirSync(join(folder ?? "", "oxidized")).filter((name) =>
      new RegExp(`^${model}__.*__secret\\.yaml$`, "v").test(name),
    );
    expect(lists.length).toBeGreaterThan(0);
    for (const name of lists) {
      const { fail } = z.object({ fail: z.array(z.string()) }).parse(parseYaml(read("oxidized", name)));
      const raw = read("oxidized", name.replace("__secret.yaml", "__output.txt"));
      const stream = redactStream(language, device, tagger, []);
      const streamed =
        raw
          .split("")
          .map((c) => stream.push(c))
          .join("") + stream.flush();
      for (const secret of fail) {
        expect(raw).toContain(secret);
        for (const text of [publicForm(language, device, raw, tagger).publicText, streamed])
          expect(lines(text, secret)).toEqual([]);
      }
    }
  });

  test("what napalm removes of a Junos configuration is hidden", () => {
    const junos = loadLanguage("juniper_junos");
    const raw = read(
      "napalm",
      "junos",
      "test_get_config_sanitized",
      "normal",
      "get_config__database_committed__format_text.xml",
    );
    const shown = publicForm(junos, device, raw, tagger).publicText;
    for (const secret of ["kasfbiuw98p43hnfwe", "sdnfh2p9f8", "xMvNFGd6", "community public", "community secure"]) {
      expect(raw).toContain(secret);
      expect(shown).not.toContain(secret);
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
  test.each(
    HIER.flatMap(([id, name]) => [
      [id, name, "running", "remediation", "generated"],
      [id, name, "generated", "rollback", "running"],
    ]),
  )("%s: the %s %s configuration with hier_config's %s becomes the %s one", (id, name, from, change, to) => {
    const language = loadLanguage(id);
    const [before, text, after] = [from, change, to].map((part) => read("hier_config", `${name}_${part}.conf`)) as [
      string,
      string,
      string,
    ];
    const publicText = (raw: string): string => publicForm(language, device, raw, tagger).publicText;
    const prediction = predict(language, {
      device,
      mode: "merge",
      text,
      before: { raw: normalise(language, before), publicText: publicText(before) },
      tagger,
    });
    expect(visible(prediction.diff)).toEqual(visible(diffTexts(language, publicText(before), publicText(after))));
  });

  test.each(
    HIER.flatMap(([id, name]) => [
      [id, name, "running", "generated"],
      [id, name, "generated", "running"],
    ]),
  )("%s: our own remediation leads from the %s %s configuration to the %s one", (id, name, from, to) => {
    const language = loadLanguage(id);
    const [before, after] = [from, to].map((part) =>
      read("hier_config", `${name}_${part}.conf`).replaceAll(/^ +no shutdown\n/gmv, ""),
    ) as [string, string];
    const { commands } = remediation(language, before, after);
    const text = commands.map((command) => command.text).join("\n");
    const typed = parseLines(language, scan(language, indented(language, text)));
    const { after: reached } = merge(language, parse(language, before), typed);
    expect(diffTrees(language, reached, parse(language, after))).toEqual([]);
  });

  test("platforms of hier_config that are none of ours are named", () => {
    const names = new Set(
      readdirSync(join(folder ?? "", "hier_config")).flatMap(
        (file) => /^(?<name>[a-z]+)_/v.exec(file)?.groups?.["name"] ?? [],
      ),
    );
    const others = [...names].filter((name) => !HIER.some(([, ours]) => ours === name));
    console.log(`hier_config: not ours: ${others.join(", ")}`);
    expect(names.size).toBe(HIER.length + others.length);
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

  /** napalm's recorded diffs are of the way back for a merge; what they say is the same. */
  test.each(NAPALM)("%s: a merge and a replace do what napalm expects of them", (id, name, merged, replaced) => {
    const language = loadLanguage(id);
    const publicText = (raw: string): string => publicForm(language, device, raw, tagger).publicText;
    const of = (file: string): string => read("napalm", name, name, file);
    const before = { raw: normalise(language, of("initial.conf")), publicText: publicText(of("initial.conf")) };
    const change = (mode: "merge" | "replace", text: string, replaceBy?: "lines"): string[] =>
      renderDiff(predict(language, { device, mode, text, before, tagger, replaceBy }).diff)
        .replaceAll(/‹secret:\w+›/gv, "‹secret›")
        .split("\n");
    expect(change("merge", of("merge_good.conf"))).toEqual(merged);
    expect(change("replace", of("new_good.conf"))).toEqual(replaced);
    expect(change("replace", of("new_good.conf"), "lines")).toEqual(replaced);
  });
});

const HIER = [
  ["cisco_iosxe", "ios"],
  ["arista_eos", "eos"],
  ["juniper_junos", "junos"],
] as const;

const NAPALM = [
  [
    "arista_eos",
    "eos",
    ["+ hostname NEWHOSTNAME", "  interface Ethernet2", "+   description BLALALAL"],
    [
      "- aaa root secret 5 ‹secret›",
      "+ hostname pyeos-unittest-changed",
      "+ no aaa root",
      "+ router bgp 65000",
      "+   vrf test",
      "+     neighbor 1.1.1.2 maximum-routes 12000",
      "+     neighbor 1.1.1.2 remote-as 1",
      "+   vrf test2",
      "+     neighbor 2.2.2.3 maximum-routes 12000",
      "+     neighbor 2.2.2.3 remote-as 2",
      "  interface Ethernet2",
      "+   description ble",
    ],
  ],
  [
    "juniper_junos",
    "junos",
    [
      "+ set interfaces ge-0/0/1 unit 0 family inet address 192.168.77.11/24",
      "- set system host-name vsrx",
      "+ set system host-name junos-CHANGED",
    ],
    ["+ set interfaces ge-0/0/1 unit 0 family inet address 192.168.77.11/24"],
  ],
] as const;

/** hier_config writes `no shutdown` into its configurations; IOS never shows it, so a new interface has it in one of them only. */
const visible = (json: string): string[] =>
  parseDiff(json)
    .filter((entry) => entry.line !== "no shutdown")
    .map((entry) => JSON.stringify(entry));

/** Typed lines as a text: what opens a section indents what follows, until it is left. */
function indented(language: Language, typed: string): string {
  if (language.set) return typed;
  const out: string[] = [];
  let depth = 0;
  const leaves = new Set([language.leave, ...language.close.map(({ command }) => command)]);
  for (const line of typed.split("\n")) {
    if (leaves.has(line)) depth--;
    else out.push(" ".repeat(depth) + line);
    const opens = language.sections.some((pattern) => pattern.test(line));
    if (opens && language.positive(line) === undefined) depth++;
  }
  return out.join("\n");
}

const lines = (text: string, secret: string): string[] =>
  text.split("\n").filter((line) => line.includes(secret) && !line.startsWith("! "));
