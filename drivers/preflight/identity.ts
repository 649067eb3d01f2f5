import type { CheckFinding } from "../../shared/documents/check.ts";
import type { Driver, Facts } from "../types.ts";

/**
 * Whether it is such a box at all, by the one thing that every platform file knows of a CLI: how the version is shown. Another vendor's takes the
 * commands of a change for its own.
 */
export function platformDoubt(
  { platform, transport }: Pick<Driver, "platform" | "transport">,
  { version }: Pick<Facts, "version">,
): CheckFinding[] {
  if (version !== null || (transport !== "cli" && transport !== "https")) return [];
  return [
    {
      code: "PLATFORM_DOUBTFUL",
      severity: "blocks",
      detail: `its version is not shown as ${platform} shows it`,
      hint: "look at its platform in the inventory",
    },
  ];
}
