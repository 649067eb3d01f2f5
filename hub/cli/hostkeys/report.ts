import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";
import type { Comparison, Verdict } from "./compare.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Unseen } from "./seen.ts";

const WORDS: Readonly<Record<Verdict, string>> = {
  agreed: "agreed",
  pinned: "pinned already",
  changed: "CHANGED, evidence agrees",
  disagreed: "DISAGREED",
  revoked: "REVOKED",
  none: "without evidence",
};

/** A person must look at these before anything is done with them. */
export const isRed = ({ verdict, isChanged }: Comparison): boolean =>
  isChanged || verdict === "disagreed" || verdict === "revoked";

interface Row {
  readonly device: string;
  readonly verdict: string;
  readonly now: string;
  readonly key: string;
  readonly by: string;
  readonly isRed: boolean;
}

/** The ones to look at first, then those without evidence, then the rest; one line for each key. */
export function comparisonTable(
  comparisons: readonly Comparison[],
  unseen: readonly Unseen[],
  willPin: (comparison: Comparison) => boolean,
  style: Style,
): string {
  const rank = (one: Comparison): number => (isRed(one) ? 0 : one.verdict === "none" ? 1 : 2);
  const rows = [...comparisons]
    .toSorted((a, b) => rank(a) - rank(b) || (a.device.id < b.device.id ? -1 : 1))
    .flatMap((one): Row[] => {
      const verdict = `${WORDS[one.verdict]}${one.isChanged && one.verdict !== "changed" ? ", CHANGED" : ""}`;
      const now = willPin(one) ? "pin" : one.verdict === "pinned" ? "" : isRed(one) ? "REFUSED" : "left out";
      const by = one.sources.join(", ");
      const row = (key: string, word = verdict): Row => ({
        device: one.device.id,
        verdict: word,
        now,
        key,
        by,
        isRed: isRed(one),
      });
      const lines = [
        ...one.proved.map((key) => row(`${key.algorithm} ${fingerprintOf(key.publicKey)}`)),
        ...one.unproved.map((key) => ({
          ...row(`${key.algorithm} ${fingerprintOf(key.publicKey)}`, one.proved.length > 0 ? WORDS.none : verdict),
          ...(one.proved.length > 0 && { now: "left out", by: "" }),
        })),
      ];
      const gone = one.isChanged
        ? one.device.hostKeys.map((key) => row(`pinned: ${key.algorithm} ${fingerprintOf(key.publicKey)}`))
        : [];
      return [...lines, ...gone];
    });
  const missing = unseen.map(({ device, code }): Row => ({
    device,
    verdict: "not read",
    now: "left out",
    key: code,
    by: "",
    isRed: false,
  }));
  const red = (row: Row, cell: string): string => (row.isRed ? style.red(cell) : cell);
  const count = (what: string, found: number): string[] => (found > 0 ? [`${found} ${what}`] : []);
  const counts = [
    ...count("agreed", comparisons.filter(({ verdict }) => verdict === "agreed").length),
    ...count("pinned already", comparisons.filter(({ verdict }) => verdict === "pinned").length),
    ...count("changed", comparisons.filter(({ isChanged }) => isChanged).length),
    ...count("disagreed", comparisons.filter(({ verdict }) => verdict === "disagreed").length),
    ...count("revoked", comparisons.filter(({ verdict }) => verdict === "revoked").length),
    ...count("without evidence", comparisons.filter(({ verdict }) => verdict === "none").length),
    ...count("not read", unseen.length),
  ];
  const shown = table(
    [
      { title: "DEVICE", value: (row) => row.device, paint: red },
      { title: "VERDICT", value: (row) => row.verdict, paint: red },
      { title: "NOW", value: (row) => row.now, paint: red },
      { title: "KEY", value: (row) => row.key },
      { title: "EVIDENCE", value: (row) => row.by },
    ],
    [...rows, ...missing],
    style,
  );
  return `${shown}\n${counts.join(", ")}`;
}
