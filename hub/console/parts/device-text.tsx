import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Digest } from "../../../shared/ids.ts";
import { blobQuery } from "../queries.ts";
import { Loading, Problem } from "./notice.tsx";
import { usePaged } from "./paged.tsx";
import { Foreign } from "./text.tsx";

const LINES = 1_000;
const CHARS_PER_LINE = 4_000;

/** Text that a device said: monospaced, escaped, bounded, and scrollable by keyboard. */
export function DeviceText({ text, label, follow = false }: { text: string; label: string; follow?: boolean }) {
  const lines = text.replace(/\r\n/g, "\n").replace(/\n$/, "").split("\n");
  const listed = follow ? lines.slice(-LINES) : lines;
  const { shown, controls } = usePaged(listed, LINES);
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (follow && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, text]);
  return (
    <>
      <section
        ref={box}
        className="device-text"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must take focus
        tabIndex={0}
        aria-label={label}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          atEnd.current = scrollTop + clientHeight >= scrollHeight - 8;
        }}
      >
        {shown.map((line, index) => (
          <span key={index} className="text-line">
            <Foreign>
              {line.length > CHARS_PER_LINE
                ? `${line.slice(0, CHARS_PER_LINE)} … ${line.length - CHARS_PER_LINE} more characters`
                : line}
            </Foreign>
            {"\n"}
          </span>
        ))}
      </section>
      {controls}
    </>
  );
}

export function BlobText({ digest, label }: { digest: Digest; label: string }) {
  const blob = useQuery(blobQuery(digest));
  if (blob.isPending) return <Loading what={label.toLowerCase()} />;
  if (blob.isError) return <Problem error={blob.error} retry={() => void blob.refetch()} />;
  if (blob.data === "") return <p className="quiet">{label}: empty.</p>;
  return <DeviceText text={blob.data} label={label} />;
}
