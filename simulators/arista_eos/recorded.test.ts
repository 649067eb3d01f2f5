/** Sessions recorded on a real box (vEOS 4.22.1F, by scrapli_cfg), typed again into the simulator: the answers must be the same. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { connectTestClient } from "../ssh/test-client.ts";
import { startAristaEos } from "./index.ts";

const corpus = process.env["FARHAND_CORPUS"] ?? "";
const folder = join(corpus, "scrapli_cfg");
const there = corpus !== "" && existsSync(folder);

const Recording = z.record(
  z.string(),
  z.looseObject({
    interactions: z.array(
      z.looseObject({
        channel_output: z.string(),
        expected_channel_input: z.string(),
        expected_channel_input_redacted: z.boolean(),
      }),
    ),
  }),
);

/** The recordings put a word in the place of the session's name, whose first letters the prompts still show. */
const ANONYMOUS = "__SCRAPLI_CFG_SESSION_NAME__";
const NAME = "scrapli_cfg_1";

function recorded(file: string): { input: string; redacted: boolean; output: string }[] {
  const read = Recording.parse(parse(readFileSync(join(folder, file), "utf8")));
  return Object.values(read).flatMap(({ interactions }) =>
    interactions.map((one) => ({
      input: one.expected_channel_input.replaceAll(ANONYMOUS, NAME),
      redacted: one.expected_channel_input_redacted,
      output: one.channel_output.replaceAll("\r", "").replaceAll(ANONYMOUS, NAME),
    })),
  );
}

/** `show running-config` as the box gave it last. */
function runningOf(file: string): string {
  const shown = recorded(file).filter(({ output }) => output.includes("! device:"));
  return (shown.at(-1)?.output ?? "").replace(/^\n/, "").replace(/\n[^\n]*$/, "\n");
}

const devices: SimulatedDevice[] = [];
afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.stop()));
});

async function boot(config: string) {
  const clock = new ManualClock();
  const device = await startAristaEos(
    {
      name: "veos",
      config,
      version: "4.22.1F",
      model: "vEOS",
      image: "vEOS-lab.swi",
      serial: "",
      enablePassword: "enable-me",
      eapi: false,
    },
    { clock },
  );
  devices.push(device);
  return device;
}

const MERGE_ABORT = "test_load_config_merge_diff_and_abort__arista_eos-asyncssh.yaml";
const REPLACE = "test_load_config_merge_diff_and_commit__arista_eos-asyncssh.yaml";
const REPLACE_CHANGED = "test_load_config_replace_diff_and_commit__arista_eos-system.yaml";
const GET = "test_get_config__arista_eos-asyncssh.yaml";

/** All that is typed, in order, and all that came out of it: chunks are the client's business. */
async function replay(file: string, config: string) {
  const device = await boot(config);
  const session = await connectTestClient(device, { columns: 32_767, rows: 0 });
  await session.waitFor(/>$/);
  const typed = recorded(file).filter(({ input }) => input !== "\n");
  const lines = typed.slice(typed.findIndex(({ input }) => input === "enable"));
  for (const { input, redacted } of lines) {
    if (input === "exit") break;
    session.send(redacted ? "enable-me\n" : `${input}\n`);
    await session.waitFor(redacted ? /#$/ : /(?:[#>]|Password: |\n)$/);
  }
  session.send("show clock\n");
  await session.waitFor(/Clock source: \S+\r\n\S+#$/);
  return { device, output: session.output().replaceAll("\r", "") };
}

describe.skipIf(!there)(`recorded sessions${there ? "" : ": FARHAND_CORPUS does not name a folder"}`, () => {
  test.each([MERGE_ABORT, REPLACE, REPLACE_CHANGED, GET])(
    "%s: what it showed is what it is booted with",
    async (file) => {
      const text = runningOf(file);
      expect(text).toContain("! device: localhost (vEOS, EOS-4.22.1F)");
      expect((await boot(text)).runningConfig()).toBe(text);
    },
  );

  test("a merge: diff and abort", async () => {
    const { device, output } = await replay(MERGE_ABORT, runningOf(MERGE_ABORT));
    const diff = recorded(MERGE_ABORT).find(({ output: shown }) => shown.includes("+++ session:"));
    expect(output).toContain(diff?.output);
    expect(device.applyCount()).toBe(0);
    expect(device.runningConfig()).toBe(runningOf(MERGE_ABORT));
  });

  test("a replace by clean-config and the whole file: no difference", async () => {
    const { output, device } = await replay(REPLACE, runningOf(REPLACE));
    expect(output).toContain("localhost(config-s-scrapl)#show session-config diffs\n\nlocalhost(config-s-scrapl)#end");
    expect(device.runningConfig()).toBe(runningOf(REPLACE));
  });

  test("a replace that changes an interface: the diff is the box's, odd anchors included", async () => {
    const { output } = await replay(REPLACE_CHANGED, runningOf(REPLACE_CHANGED));
    const diff = recorded(REPLACE_CHANGED).find(({ output: shown }) => shown.includes("+++ session:"));
    expect(output).toContain(diff?.output);
    expect(output).toContain("Copy completed successfully.\nlocalhost#");
  });

  test.each([MERGE_ABORT, REPLACE, REPLACE_CHANGED, GET])(
    "%s: every prompt is the box's, in the box's order",
    async (file) => {
      const { output } = await replay(file, runningOf(file));
      const prompts = (text: string): string[] => text.match(/^localhost(?:\([^)]*\))?[>#]/gm) ?? [];
      const theirs = prompts(
        recorded(file)
          .map(({ output: shown }) => shown)
          .join(""),
      );
      const distinct = (list: readonly string[]): string[] => list.filter((one, at) => one !== list[at - 1]);
      expect(distinct(prompts(output))).toEqual(distinct(theirs));
    },
  );
});

describe.skipIf(!there)(`recorded configurations${there ? "" : ": FARHAND_CORPUS does not name a folder"}`, () => {
  const read = (name: string): string => readFileSync(join(corpus, name), "utf8");
  const napalm = (name: string): string => read(`napalm/eos/eos/${name}`);
  const header = "! device: localhost (vEOS, EOS-4.15.5M-3054042.4155M)\n";

  async function bootNapalm(text: string) {
    const device = await startAristaEos(
      {
        name: "veos",
        config: header + text,
        version: "4.15.5M",
        model: "vEOS",
        image: "vEOS-lab.swi",
        eapi: false,
        loginPrivileged: true,
      },
      { clock: new ManualClock() },
    );
    devices.push(device);
    const session = await connectTestClient(device, { columns: 32_767, rows: 0 });
    await session.waitFor(/#$/);
    const type = async (line: string): Promise<string> => {
      session.send(`${line}\n`);
      return (await session.waitFor(/#$/)).replaceAll("\r", "");
    };
    return { device, type };
  }

  /** Hunks only, without the blanks that the box leaves at some ends of lines. */
  const hunks = (diff: string): string =>
    diff
      .split("\n")
      .filter((line) => /^[-+ @]/.test(line) && !/^(?:---|\+\+\+) /.test(line))
      .map((line) => line.trimEnd())
      .join("\n");

  test("napalm: a merge of two lines, and a replace, give the box's hunks", async () => {
    // The recorded diff of the merge is the way back.
    const { device, type } = await bootNapalm(napalm("initial.conf"));
    device.mutate(napalm("merge_good.conf").split("\n"), "napalm");
    await type("configure session back");
    await type("no hostname");
    await type("interface Ethernet2");
    await type("no description");
    expect(hunks(await type("show session-config diffs"))).toBe(hunks(napalm("merge_good.diff")));
    const other = await bootNapalm(napalm("initial.conf"));
    await other.type("configure session replace");
    await other.type("rollback clean-config");
    for (const line of napalm("new_good.conf").split("\n")) if (line.trim() !== "end") await other.type(line);
    expect(hunks(await other.type("show session-config diffs"))).toBe(hunks(napalm("new_good.diff")));
  });

  test("napalm: a typing error is refused where it stands", async () => {
    const { type } = await bootNapalm(napalm("initial.conf"));
    await type("configure session typo");
    const answers: string[] = [];
    for (const line of napalm("merge_typo.conf").split("\n")) if (line.trim() !== "") answers.push(await type(line));
    expect(answers.filter((answer) => answer.includes("% Invalid input"))).toHaveLength(1);
    expect(answers.at(-1)).toContain("(at token 0: 'descriptin')");
  });

  test("oxidized: a DCS-7050SX3 of 4.29.2F shows what it showed", async () => {
    const { commands } = z
      .looseObject({ commands: z.record(z.string(), z.string()) })
      .parse(parse(read("oxidized/eos__DCS-7050SX3-48YC8_4.29.2F__simulation.yaml")));
    const typed = "show running-config | no-more | exclude ! Time:";
    const shown = commands[`${typed}\n`] ?? "";
    const device = await startAristaEos(
      {
        name: "eos-test-01",
        config: shown.split("\n").slice(1).join("\n"),
        version: "4.29.2F",
        eapi: false,
        loginPrivileged: true,
      },
      { clock: new ManualClock() },
    );
    devices.push(device);
    const session = await connectTestClient(device, { columns: 200, rows: 0 });
    await session.waitFor(/#$/);
    session.send(`${typed}\n`);
    expect((await session.waitFor(/end\r\neos-test-01#$/)).replaceAll("\r", "")).toBe(shown);
  });

  test("every line of hier_config's switch is known to the grammar", async () => {
    const { device } = await bootNapalm([1, 2, 3, 4, 5].map((port) => `interface Ethernet${port}\n`).join(""));
    for (const name of ["running", "generated"])
      device.mutate(read(`hier_config/eos_${name}.conf`).split("\n"), "hier");
    expect(device.runningConfig()).toContain("router bgp 65100");
  });
});
