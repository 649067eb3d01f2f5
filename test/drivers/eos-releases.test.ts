// Releases of EOS differ in how they tell of a commit timer; what the driver makes of it must not.
import { describe, expect, test } from "vitest";
import { runCase } from "./matrix/run.ts";
import { aristaEosOf } from "./matrix/subjects/arista-eos.ts";

describe.concurrent.each(["4.22.1F", "4.31.2F", "4.32.1F"])("EOS %s", (version) => {
  for (const subject of aristaEosOf(version)) {
    test(`${subject.transport}: a change is armed, read back, kept; and taken back where the answer was lost`, async () => {
      expect(await runCase({ subject, fault: "confirm-dropped", mode: "merge", line: "whole" })).toMatchObject({
        state: "DONE",
      });
      expect(await runCase({ subject, fault: "drop-after-apply", mode: "merge", line: "whole" })).toMatchObject({
        state: "ROLLED_BACK",
      });
    });
  }
});
