import { useQuery } from "@tanstack/react-query";
import type { Digest } from "../../../shared/ids.ts";
import { countSigns, normalisedRows, parseCommands, type Row } from "../diff.ts";
import { blobQuery } from "../queries.ts";
import { DeviceText } from "./device-text.tsx";
import { Loading, Problem } from "./notice.tsx";
import { usePaged } from "./paged.tsx";
import { Foreign } from "./text.tsx";

const kindOf = { "+": "added", "-": "removed", " ": "context" } as const;
const ROWS = 1_000;

export function DiffRows({ rows, label }: { rows: readonly Row[]; label: string }) {
  const { shown, controls } = usePaged(rows, ROWS);
  const { added, removed } = countSigns(rows);
  if (rows.length === 0) return <p className="quiet">No difference.</p>;
  return (
    <figure className="diff" aria-label={label}>
      <figcaption>
        {label}
        <span className="diff-sum">
          <span className="diff-added">+{added}</span> <span className="diff-removed">-{removed}</span>
        </span>
      </figcaption>
      {/* Scrolls sideways: reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must take focus */}
      <section className="diff-body" tabIndex={0} aria-label={`${label}, lines`}>
        {shown.map((row, index) =>
          row.kind === "gap" ? (
            <div key={index} className="diff-gap">
              {row.lines} unchanged {row.lines === 1 ? "line" : "lines"} not shown
            </div>
          ) : (
            <div key={index} className={`diff-line diff-${kindOf[row.sign]}`}>
              <span className="diff-sign">{row.sign}</span>
              <span className="diff-text">
                {"  ".repeat(row.depth)}
                <Foreign>{row.text}</Foreign>
              </span>
            </div>
          ),
        )}
      </section>
      {controls}
    </figure>
  );
}

export function BlobDiff({ digest, label }: { digest: Digest; label: string }) {
  const blob = useQuery(blobQuery(digest));
  if (blob.isPending) return <Loading what="the diff" />;
  if (blob.isError) return <Problem error={blob.error} retry={() => void blob.refetch()} />;
  const rows = normalisedRows(blob.data);
  if (!rows) return <DeviceText text={blob.data} label={label} />;
  return <DiffRows rows={rows} label={label} />;
}

export function BlobCommands({ digest }: { digest: Digest }) {
  const blob = useQuery(blobQuery(digest));
  if (blob.isPending) return <Loading what="the commands" />;
  if (blob.isError) return <Problem error={blob.error} retry={() => void blob.refetch()} />;
  const commands = parseCommands(blob.data);
  if (!commands) return <DeviceText text={blob.data} label="Ordered commands" />;
  return (
    <figure className="commands" aria-label="Ordered commands">
      <figcaption>
        Ordered commands, as they will be typed <span className="quiet">{commands.length}</span>
      </figcaption>
      <ol>
        {commands.map((command, index) => (
          <li key={index}>
            <Foreign>{command}</Foreign>
          </li>
        ))}
      </ol>
    </figure>
  );
}
