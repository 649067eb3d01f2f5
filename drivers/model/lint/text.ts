import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import type { Prediction } from "../../types.ts";
import type { Change } from "../predict.ts";
import { attempt, type Refused } from "../refusal.ts";
import { ofRefusal, ofWarning, type TextFinding } from "./finding.ts";
import { numberedTags } from "./tags.ts";

interface Linted extends Change {
  readonly refused: Refused;
  tell(findings: readonly TextFinding[]): void;
}

/**
 * A text on a device of which nothing is known: predicted as a plan would, on nothing, but for going on where a plan stops. What hangs on
 * the device is told as that.
 */
export function findingsOf(
  { device, mode, text }: { readonly device: DeviceId; readonly mode: ChangeMode; readonly text: string },
  predict: (change: Linted) => Prediction,
): TextFinding[] {
  const found: TextFinding[] = [];
  const refused: Refused = (error) => void found.push(ofRefusal(error));
  const tell = (more: readonly TextFinding[]): void => void found.push(...more);
  const before = { raw: "", publicText: "" };
  const prediction = attempt(refused, () =>
    predict({ device, mode, text, before, tagger: numberedTags(), refused, tell }),
  );
  if (prediction) {
    tell(prediction.warnings.flatMap((warning) => ofWarning(warning) ?? []));
    if (prediction.destructive) tell([DESTRUCTIVE]);
  }
  return firstOfEach(found).toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** Of what stops a line the first: it is refused for several reasons where a reader of the language stumbles over it too. */
function firstOfEach(found: readonly TextFinding[]): TextFinding[] {
  const seen = new Set<string>();
  return found.filter(({ code, severity, line }) => {
    const key = `${code} ${line}`;
    const isFirst = severity !== "blocks" || line === null || !seen.has(key);
    seen.add(key);
    return isFirst;
  });
}

const DESTRUCTIVE: TextFinding = {
  code: "DESTRUCTIVE",
  severity: "tells",
  line: null,
  reason: "holds lines of the destructive class",
  shown: "",
  hint: "whoever signs is told, and the site's policy may ask for more of them",
};
