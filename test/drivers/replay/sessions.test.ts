/** Every session of the corpus with a device of ours, replayed byte for byte against the engine and the platform file. */
import { afterAll, describe, expect, test } from "vitest";
import { platforms } from "../../../drivers/registry.ts";
import { record } from "../matrix/results.ts";
import { platformFile } from "./file.ts";
import { named, WAYS } from "./cut.ts";
import { needsCorpus, present, root } from "./present.ts";
import { recordings } from "./recordings.ts";
import { replay, type Coverage, type Replayed } from "./replay.ts";

needsCorpus();

test.skipIf(root === "")(
  `platforms of which nobody recorded a session are named${root === "" ? ": FARHAND_CORPUS does not name a folder" : ""}`,
  () => {
    const recorded = new Set(present.map(({ id }) => id));
    const others = platforms().filter(({ platform, transport }) => !recorded.has(platform) || transport !== "cli");
    console.log(
      `no recorded session of ${others.map(({ platform, transport }) => `${platform} (${transport})`).join(", ")}`,
    );
    for (const id of recorded) expect(platforms().map(({ platform }) => String(platform))).toContain(id);
  },
);

describe.each(present)("$id", (platform) => {
  const file = platformFile(platform.id);
  const coverage: Coverage = { gone: new Map(), stood: new Map() };
  let sessions = 0;
  let changes = 0;

  test.each(recordings(platform, root).map((one) => [one.recording.name, one] as const))(
    "%s",
    async (name, { recording, kept }) => {
      const outcomes: Replayed[] = [];
      for (const way of WAYS) outcomes.push(await replay(platform, file, { recording, way, kept }, coverage));
      const [first] = outcomes;
      if (!first) throw new Error("no way was tried");
      for (const [at, way] of WAYS.entries()) expect(outcomes[at], named(way)).toEqual(first);

      expect(first.facts).toMatchObject({
        vendor: file.vendor,
        ...(platform.facts[name] ?? platform.facts["scrapli"]),
      });
      expect(first.otherwise).toEqual(platform.otherwise?.[name] ?? []);
      expect(first.kept).toEqual(platform.kept?.[name] ?? platform.otherwise?.[name] ?? []);

      const change = platform.changes[name.split("__")[0] ?? ""];
      expect(first.change === null).toBe(change === undefined);
      if (!change || !first.change) return done();
      changes += 1;
      const { predicted, staged, steps, refused } = first.change;
      expect(predicted).toEqual(change.diff);
      if (change.native) expect(staged?.native).toMatch(change.native);
      if (staged) expect(staged.same).toBe(change.differs === undefined);
      if (typeof change.end === "object") expect(refused).toMatch(change.end.refused);
      else expect(refused).toBeNull();
      expect(steps).toEqual(STEPS[typeof change.end === "object" ? "refused" : change.end]);
      done();

      function done(): void {
        sessions += 1;
        record({ platform: platform.id, transport: "cli" }, { recorded: 1 });
      }
    },
  );

  afterAll(() => {
    const ways = WAYS.length;
    console.log(
      [
        `${platform.id}: ${sessions} recorded sessions, ${changes} of them changes, each in ${ways} ways:`,
        ...[...coverage.gone].map(([name, { through, of }]) => `  ${through} of ${of} recorded exchanges in ${name}`),
        "  and in place of what was not recorded:",
        ...[...coverage.stood].map(([told, count]) => `  ${count} × ${told}`),
      ].join("\n"),
    );
  });
});

const STEPS = {
  abort: ["arm", "stage", "abort", "cleanup"],
  keep: ["arm", "stage", "apply", "pending: armed", "confirm", "pending: none", "save", "cleanup"],
  refused: ["arm", "cleanup"],
} as const;
