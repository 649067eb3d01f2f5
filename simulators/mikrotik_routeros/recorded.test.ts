// What two real boxes showed (oxidized's recordings): the simulator boots with it and prints it back, byte for byte.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { ManualClock } from "../../shared/clock.ts";
import { execOnce } from "../ssh/test-client.ts";
import { startMikrotikRouteros } from "./index.ts";

const corpus = process.env["FARHAND_CORPUS"];
if (corpus === undefined) console.log("simulators/mikrotik_routeros: no FARHAND_CORPUS, recorded answers are skipped");

const Answers = z.record(z.string(), z.string().nullable());
const Recording = z.object({ commands: z.union([Answers, z.array(Answers)]) });
const BOXES = [
  { file: "routeros__CHR_7.16__simulation.yaml", version: "7.16", model: "CHR QEMU Standard PC (i440FX + PIIX, 1996)" },
  { file: "routeros__RB5009UPr+S+_7.18.2__simulation.yaml", version: "7.18.2", model: "RB5009UPr+S+" },
];

function answersOf(file: string): Record<string, string> {
  const { commands } = Recording.parse(parse(readFileSync(`${corpus ?? ""}/oxidized/${file}`, "utf8")));
  const all = (Array.isArray(commands) ? commands : [commands]).flatMap((one) => Object.entries(one));
  // The recordings are blocks in which oxidized reads escapes.
  const plain = (text: string): string => text.replaceAll(String.raw`\x20`, " ").replace(/\\(["\\])/g, "$1");
  return Object.fromEntries(all.map(([command, text]) => [command.trim(), plain(text ?? "")]));
}

/** What moves while it is looked at. */
const still = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !line.startsWith("# "));

test.skipIf(corpus === undefined).each(BOXES)(
  `$model $version prints back what it showed${corpus === undefined ? ": FARHAND_CORPUS does not name a folder" : ""}`,
  async ({ file, ...facts }) => {
    const answers = answersOf(file);
    const config = answers["/export show-sensitive"] ?? "";
    expect(config.length).toBeGreaterThan(300);
    const device = await startMikrotikRouteros({ name: "r1", config, ...facts }, { clock: new ManualClock() });
    try {
      const say = async (command: string): Promise<string> =>
        (await execOnce(device, command)).text.replaceAll("\r", "");
      // Comments tell of the moment (`# poe-out status`, the date); all else is the same, in the same lines.
      expect(still(await say("/export show-sensitive"))).toEqual(still(config));
      const named = (text: string): string[] => still(text).map((line) => line.split(":")[0]?.trim() ?? "");
      const resource = await say("/system resource print");
      for (const name of named(resource)) expect(named(answers["/system resource print"] ?? "")).toContain(name);
      expect(resource).toMatch(new RegExp(`version: ${facts.version} \\(stable\\)`));
      expect(
        still(await say("/system package update print"))
          .slice(0, 2)
          .map((line) => line.trim()),
      ).toEqual(
        still(answers["/system package update print"] ?? "")
          .slice(0, 2)
          .map((line) => line.trim()),
      );
      expect((await say("/system history print without-paging")).split("\n").slice(0, 2)).toEqual(
        (answers["/system history print without-paging"] ?? "").split("\n").slice(0, 2),
      );
      expect((await say("quit")).trim()).toBe((answers["quit"] ?? "").trim());
    } finally {
      await device.stop();
    }
  },
);
