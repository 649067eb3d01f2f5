/**
 * Whole recorded transactions (scrapli_cfg, a vSRX of release 17.3): the same keys typed into the simulator, the same bytes back.
 * Line ends and the time of day are the only things evened out.
 */
import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { ManualClock } from "../../shared/clock.ts";
import { connectTestClient } from "../ssh/test-client.ts";
import { startJuniperJunos } from "./index.ts";

const corpus = process.env.FARHAND_CORPUS;
if (corpus === undefined) console.log("simulators/juniper_junos: no FARHAND_CORPUS, recorded transactions are skipped");

const Recording = z.record(
  z.string(),
  z.object({
    interactions: z.array(
      z.object({
        channel_output: z.string(),
        expected_channel_input: z.string(),
        expected_channel_input_redacted: z.boolean(),
      }),
    ),
  }),
);

const NAMES = [
  "test_get_config__juniper_junos-asyncssh",
  "test_load_config_merge_diff_and_abort__juniper_junos-asyncssh",
  "test_load_config_merge_diff_and_commit__juniper_junos-asyncssh",
  "test_load_config_replace_diff_and_commit__juniper_junos-system",
];

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function even(text: string): string {
  return text.replaceAll("\r", "").replaceAll(/^## Last commit: .*$/gm, "## Last commit: T");
}

describe.skipIf(corpus === undefined)(
  `recorded transactions${corpus === undefined ? ": FARHAND_CORPUS does not name a folder" : ""}`,
  () => {
    test.each(NAMES)("%s", async (name) => {
      const text = await readFile(`${corpus}/scrapli_cfg/${name}.yaml`, "utf8");
      const { interactions } = Object.values(Recording.parse(parse(text)))[0] ?? { interactions: [] };
      const shown = interactions.map((one) => one.channel_output).find((output) => /^\s*## Last commit/.test(output));
      const config = `${(shown ?? "").replace(/\n\n(?:\[edit\]\n)?boxen[>#] $/, "").trim()}\n`;
      expect(config).toContain("version 17.3R2.10;");
      const device = await startJuniperJunos(
        {
          name: "dut",
          username: "boxen",
          version: "17.3R2.10",
          built: "2018-02-08 02:19:07 UTC",
          hostKeySeed: "dut",
          config,
        },
        { clock: new ManualClock() },
      );
      open.push(() => device.stop());
      const session = await connectTestClient(device);
      open.push(() => session.end());
      await session.waitFor(/boxen> $/);
      await session.type("set cli screen-length 0\n", /boxen> $/);
      // The recorded client types before the login is through; what it then reads differs by that race alone.
      const first = interactions.findIndex((one) => one.expected_channel_input === "show version | grep junos:");
      expect(first).toBeGreaterThan(0);
      let seen = session.output().length;
      let exchanges = 0;
      for (let at = first; at < interactions.length - 1; at += 1) {
        const step = interactions[at];
        const next = interactions[at + 1];
        if (!step || !next) break;
        const input = step.expected_channel_input_redacted ? "s3cret-of-root" : step.expected_channel_input;
        session.send(input);
        const wanted = even(next.channel_output);
        if (wanted === "") continue;
        const deadline = AbortSignal.timeout(5000);
        while (even(session.output().slice(seen)).length < wanted.length && !deadline.aborted)
          await new Promise((resolve) => setImmediate(resolve));
        expect(even(session.output().slice(seen)), `after ${JSON.stringify(input)}, exchange ${at}`).toBe(wanted);
        seen = session.output().length;
        exchanges += 1;
      }
      console.log(`simulators/juniper_junos: ${name}: ${exchanges} exchanges answered as recorded`);
      expect(exchanges).toBeGreaterThan(2);
    });
  },
);
