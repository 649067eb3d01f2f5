import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReplayPlatform } from "./platforms.ts";
import { oxidizedRecording, type Recording, scrapliRecording } from "./recording.ts";

export interface Recorded {
  readonly recording: Recording;
  /** What oxidized keeps of the device. */
  readonly kept: string | undefined;
}

/** Every session of the corpus with such a device. */
export function recordings({ id, oxidized, bare }: ReplayPlatform, root: string): Recorded[] {
  const of = (where: string, fits: (name: string) => boolean): string[] => readdirSync(join(root, where)).filter(fits);
  const scrapli = of("scrapli_cfg", (name) => name.includes(`__${id}-`));
  const simulations = of("oxidized", (name) => name.startsWith(`${oxidized}__`) && name.endsWith("__simulation.yaml"));
  return [
    ...scrapli.map((name) => ({ recording: scrapliRecording(root, name), kept: undefined })),
    ...simulations.map((name) => {
      const output = join(root, "oxidized", name.replace("__simulation.yaml", "__output.txt"));
      return {
        recording: oxidizedRecording(root, name, bare),
        kept: existsSync(output) ? readFileSync(output, "utf8") : undefined,
      };
    }),
  ];
}
