import { compileLanguage, type Language } from "../../drivers/model/language.ts";
import { diffTexts, parseDiff } from "../../drivers/model/diff.ts";
import { device, languageFile, tagger } from "../../drivers/model/fixtures/platform.ts";
import { predict } from "../../drivers/model/predict.ts";
import { publicForm } from "../../drivers/model/public-form.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { sameDiff } from "../../drivers/model/same-diff.ts";
import type { BenchOptions } from "./main.ts";
import { round, spread } from "./statistics.ts";

const SIZES = [1_000, 10_000, 100_000];
/** One line in ten differs. */
const CHANGED = 10;

interface Form {
  readonly name: string;
  readonly language: Language;
  /** About as many lines; `variant` 1 differs from 0 in one section of ten. */
  readonly text: (lines: number, variant: 0 | 1) => string;
}

const differs = (index: number, variant: 0 | 1): boolean => variant === 1 && index % CHANGED === 0;

/** In turn an interface, a neighbour, an entry of one long prefix list, one of an access list, a route: what grows in real ones. */
const ios: Form["text"] = (lines, variant) => {
  const [interfaces, lists, rules, peers, activated] = [[], [], [], [], []] as [
    string[],
    string[],
    string[],
    string[],
    string[],
  ];
  for (let index = 0; index < lines / 10; index++) {
    const [a, b, c] = [1 + (index >> 14), (index >> 7) & 127, index & 127];
    const other = differs(index, variant);
    interfaces.push(
      `interface GigabitEthernet1.${index}`,
      ` description ${other ? "new" : "old"} ${index}`,
      ` encapsulation dot1Q ${1 + (index % 4000)}`,
      ` ip address 10.${a}.${b}.${c * 2} 255.255.255.254`,
    );
    if (!(other && index % 3 === 0)) {
      peers.push(
        ` neighbor 11.${a}.${b}.${c} remote-as ${other ? 65_002 : 65_001}`,
        ` neighbor 11.${a}.${b}.${c} description peer ${index}`,
      );
      activated.push(`  neighbor 11.${a}.${b}.${c} activate`);
    }
    lists.push(`ip prefix-list P seq ${index * 5 + 5} permit 12.${a}.${b}.${other ? 128 : c}/32`);
    rules.push(` ${index * 10 + 10} permit ip host 13.${a}.${b}.${c} ${other ? "any" : "host 1.1.1.1"}`);
    lists.push(`ip route 14.${a}.${b}.${c} 255.255.255.255 10.0.0.${other ? 2 : 1}`);
  }
  return [
    ...interfaces,
    "router bgp 65000",
    ...peers,
    " address-family ipv4",
    ...activated,
    " exit-address-family",
    "ip access-list extended A",
    ...rules,
    ...lists,
    "end",
    "",
  ].join("\n");
};

const junos: Form["text"] = (lines, variant) => {
  const out: string[] = [];
  for (let index = 0; index < lines / 10; index++) {
    const [a, b, c] = [1 + (index >> 14), (index >> 7) & 127, index & 127];
    const other = differs(index, variant);
    const unit = `set interfaces xe-0/0/${index % 48} unit ${index}`;
    const term = `set firewall family inet filter F term T${other ? index + 1 : index}x${other ? "n" : "o"}`;
    out.push(
      `${unit} description "${other ? "new" : "old"} ${index}"`,
      `${unit} vlan-id ${1 + (index % 4000)}`,
      `${unit} family inet address 10.${a}.${b}.${c * 2}/31`,
      `${term} from source-address 13.${a}.${b}.${c}/32`,
      `${term} then accept`,
      `set policy-options prefix-list P 12.${a}.${b}.${other ? 200 : c}/32`,
      `set routing-options static route 14.${a}.${b}.${c}/32 next-hop 10.0.0.${other ? 2 : 1}`,
    );
    if (other && index % 3 === 0) continue;
    const peer = `set protocols bgp group G neighbor 11.${a}.${b}.${c}`;
    out.push(
      `${peer} peer-as ${other ? 65_002 : 65_001}`,
      `${peer} description "peer ${index}"`,
      `${peer} import P${index % 3}`,
    );
  }
  return `${out.join("\n")}\n`;
};

function load(id: string): Language {
  return compileLanguage(languageFile(id));
}

/** What is done with two configurations of each size, timed by the line and held against the same at a thousand lines. */
export function benchDiff(options: BenchOptions): object {
  const rounds = Number(options.rounds ?? 3);
  const forms: Form[] = [
    { name: "sections", language: load("cisco_iosxe"), text: ios },
    { name: "set", language: load("juniper_junos"), text: junos },
  ];
  const measured = forms.flatMap((form) => measureForm(form, rounds));
  return {
    schema: "farhand.bench-diff/1",
    rounds,
    measured,
    budget: { perLineAt100kOverPerLineAt1k: 4 },
    met: measured.every((one) => one.perLineTo1k.every((ratio) => ratio <= 4)),
  };
}

function measureForm({ name, language, text }: Form, rounds: number) {
  const perLine = new Map<string, { microseconds: number; milliseconds: number; changes: number }[]>();
  for (const size of SIZES) {
    const [raw, wanted] = [text(size, 0), text(size, 1)];
    const lines = raw.split("\n").length;
    const [before, after] = [raw, wanted].map((of) => publicForm(language, device, of, tagger).publicText) as [
      string,
      string,
    ];
    const live = { raw, publicText: before };
    const { commands } = remediation(language, before, after);
    const merge = mergeText(
      language,
      commands.map((command) => command.text),
    );
    const signed = diffTexts(language, before, after);
    const work: Record<string, () => number> = {
      publicForm: () => publicForm(language, device, raw, tagger).publicText.length,
      diff: () => parseDiff(diffTexts(language, before, after)).length,
      remediation: () => remediation(language, before, after).commands.length,
      merge: () =>
        parseDiff(predict(language, { device, mode: "merge", text: merge, before: live, tagger }).diff).length,
      replaceByLines: () =>
        parseDiff(
          predict(language, { device, mode: "replace", replaceBy: "lines", text: wanted, before: live, tagger }).diff,
        ).length,
      sameDiff: () => Number(sameDiff(language, signed, diffTexts(language, before, after))),
    };
    for (const [what, run] of Object.entries(work)) {
      // Small texts again and again, so that all sizes are measured over about as many lines and equally warm.
      const repeat = Math.max(1, Math.floor(100_000 / size / 5));
      run();
      const times: number[] = [];
      let changes = 0;
      for (let round = 0; round < rounds; round++) {
        const started = performance.now();
        for (let turn = 0; turn < repeat; turn++) changes = run();
        times.push((performance.now() - started) / repeat);
      }
      // The least: on a shared machine everything above it is somebody else.
      const milliseconds = spread(times).min;
      const list = perLine.get(what) ?? [];
      perLine.set(what, list);
      list.push({ microseconds: (milliseconds * 1000) / lines, milliseconds, changes });
    }
  }
  return [...perLine].map(([what, list]) => ({
    form: name,
    what,
    lines: SIZES,
    changes: list.map(({ changes }) => changes),
    milliseconds: list.map(({ milliseconds }) => round(milliseconds)),
    perLineTo1k: list.map(({ microseconds }) => round(microseconds / (list[0]?.microseconds ?? Number.NaN))),
  }));
}

/** Typed lines, as an author would write them: inside their sections. */
function mergeText(language: Language, commands: readonly string[]): string {
  if (language.set) return `${commands.join("\n")}\n`;
  const closers = new Set([language.leave, ...language.close.map(({ command }) => command)]);
  const out: string[] = [];
  let depth = 0;
  for (const line of commands) {
    if (closers.has(line)) depth--;
    else out.push(" ".repeat(depth) + line);
    if (language.positive(line) === undefined && language.sections.some((pattern) => pattern.test(line))) depth++;
  }
  return `${out.join("\n")}\n`;
}
