import type { Device, HostKey } from "../../../shared/documents/inventory.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** One source's word on a device. Without an algorithm it can only agree, or be the only word there is. */
export interface Evidence {
  readonly source: string;
  readonly keys: readonly { readonly fingerprint: string; readonly algorithm?: HostKey["algorithm"] }[];
}

/**
 * - agreed: what is not pinned yet stands in evidence; - pinned: what it shows is pinned already; - changed: it does not show a key that is pinned;
 * - disagreed: evidence says another key; - revoked: it shows a key that is marked @revoked; - none: nothing says anything about it.
 */
export type Verdict = "agreed" | "pinned" | "changed" | "disagreed" | "revoked" | "none";

export interface Comparison {
  readonly device: Device;
  readonly verdict: Verdict;
  /** It does not show a key that is pinned, whatever the evidence says of it. */
  readonly isChanged: boolean;
  /** Keys that it showed and that evidence names. */
  readonly proved: readonly HostKey[];
  /** Keys that it showed and that nothing names: never pinned. */
  readonly unproved: readonly HostKey[];
  /** Which sources agree; where they do not, which do not. */
  readonly sources: readonly string[];
}

/** Pure. What a device shows is a claim; a key counts once something else says the same. */
export function compare(
  device: Device,
  shown: readonly HostKey[],
  evidence: readonly Evidence[],
  revoked: ReadonlySet<string>,
): Comparison {
  const keys = shown.map((key) => ({ key, fingerprint: fingerprintOf(key.publicKey) }));
  const pins = new Set(device.hostKeys.map(({ publicKey }) => fingerprintOf(publicKey)));
  const isChanged = [...pins].some((pin) => !keys.some(({ fingerprint }) => fingerprint === pin));
  const said = evidence.filter((source) => source.keys.length > 0);
  const names = (source: Evidence, fingerprint: string): boolean =>
    source.keys.some((key) => key.fingerprint === fingerprint);
  const against = said.filter((source) => contradicts(source, keys));
  const proved = keys.filter(({ fingerprint }) => said.some((source) => names(source, fingerprint)));
  const unproved = keys.filter((entry) => !proved.includes(entry));
  const base = { device, isChanged, proved: proved.map(({ key }) => key), unproved: unproved.map(({ key }) => key) };
  const of = (verdict: Verdict, sources: readonly Evidence[]): Comparison => ({
    ...base,
    verdict,
    sources: sources.map(({ source }) => source),
  });
  if (keys.some(({ fingerprint }) => revoked.has(fingerprint))) return of("revoked", []);
  if (against.length > 0) return of("disagreed", against);
  const supporting = said.filter((source) => proved.some(({ fingerprint }) => names(source, fingerprint)));
  if (isChanged) return of(proved.length > 0 ? "changed" : "none", supporting);
  const isNew = proved.some(({ fingerprint }) => !pins.has(fingerprint));
  if (isNew) return of("agreed", supporting);
  return of(pins.size > 0 ? "pinned" : "none", supporting);
}

/** Says another key of a type that the device shows; or, where it says no type, nothing that the device shows. */
function contradicts(
  source: Evidence,
  keys: readonly { readonly key: HostKey; readonly fingerprint: string }[],
): boolean {
  const untyped = source.keys.filter(({ algorithm }) => algorithm === undefined);
  if (untyped.length > 0 && !untyped.some((word) => keys.some(({ fingerprint }) => fingerprint === word.fingerprint)))
    return true;
  return keys.some(({ key, fingerprint }) => {
    const same = source.keys.filter(({ algorithm }) => algorithm === key.algorithm);
    return same.length > 0 && !same.some((word) => word.fingerprint === fingerprint);
  });
}

/** What is pinned from now on; null where nothing may be. A changed key counts only for a device that was named. */
export function newPins(
  { device, verdict, proved }: Comparison,
  replace: ReadonlySet<string>,
): readonly HostKey[] | null {
  switch (verdict) {
    case "agreed":
      return [
        ...device.hostKeys,
        ...proved.filter((key) => !device.hostKeys.some((pin) => pin.publicKey === key.publicKey)),
      ];
    case "changed":
      return replace.has(device.id) ? proved : null;
    case "pinned":
    case "disagreed":
    case "revoked":
    case "none":
      return null;
    default:
      return verdict satisfies never;
  }
}
