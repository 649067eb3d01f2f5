import { useQuery } from "@tanstack/react-query";
import { z } from "zod";
import { Level, UndoCost } from "../../../shared/documents/common.ts";
import { CheckFinding } from "../../../shared/documents/check.ts";
import { Finding } from "../../../shared/documents/receipt.ts";
import type { Digest } from "../../../shared/ids.ts";
import { DeviceText } from "../parts/device-text.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { Foreign } from "../parts/text.tsx";
import { blobQuery } from "../queries.ts";
import { levelMeans, undoText } from "./plans.ts";

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Report = z.object({
  facts: z.record(z.string(), z.unknown()),
  level: Level,
  undoCost: UndoCost,
  /** Agents of an older release tell them without severity. */
  findings: z.array(z.union([CheckFinding, Finding])),
});

function reportOf(text: string): z.infer<typeof Report> | undefined {
  try {
    return Report.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a check found: what the device is, how well a change could be undone, and what stands in the way of better. */
export function CheckResult({ digest }: { digest: Digest }) {
  const blob = useQuery(blobQuery(digest));
  if (blob.isPending) return <Loading what="the result" />;
  if (blob.isError) return <Problem error={blob.error} retry={() => void blob.refetch()} />;
  const report = reportOf(blob.data);
  if (!report) return <DeviceText text={blob.data} label="Result" />;
  return (
    <div className="check">
      <p>
        <b>Level {report.level}</b> <span className="quiet">{levelMeans[report.level]}</span>
        <span className="quiet"> · undo: {undoText(report.undoCost)}</span>
      </p>
      <dl className="facts">
        {Object.entries(report.facts).map(([name, value]) => (
          <div key={name}>
            <dt>
              <Foreign>{name}</Foreign>
            </dt>
            <dd>
              <Foreign>{factText(value)}</Foreign>
            </dd>
          </div>
        ))}
      </dl>
      <ul className="findings" aria-label="Findings">
        {report.findings.map(({ code, detail }) => (
          <li key={`${code} ${detail}`}>
            <code className="code">{code}</code> <Foreign>{detail}</Foreign>
          </li>
        ))}
      </ul>
    </div>
  );
}

function factText(value: unknown): string {
  const scalar = Scalar.safeParse(value);
  if (!scalar.success) return JSON.stringify(value) ?? "";
  return scalar.data === null ? "unknown" : String(scalar.data);
}
