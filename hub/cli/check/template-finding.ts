import type { Severity } from "../../../shared/documents/check.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import { RANK } from "./report.ts";

/** One thing that a lint of templates found. Codes are stable. */
export interface TemplateFinding {
  readonly code: string;
  readonly severity: Severity;
  /** The template, or the file of variables; null: it is about devices. */
  readonly file: string | null;
  /** Of the file, from 1; null: of the whole, or which line cannot be told. */
  readonly line: number | null;
  readonly detail: string;
  readonly hint: string | null;
  /** Of the first device's text, where it is about that: its line, and how it reads. */
  readonly text: { readonly line: number; readonly shown: string } | null;
  readonly deviceCount: number;
  /** The first of them. */
  readonly devices: readonly DeviceId[];
}

export type Said = Omit<TemplateFinding, "deviceCount" | "devices" | "text"> & Partial<Pick<TemplateFinding, "text">>;

const DEVICES_SHOWN = 8;
const FINDINGS_MAX = 500;

/** What is the same on many devices is one finding that counts them. */
export class Findings {
  readonly #found = new Map<string, Said & { devices: Set<DeviceId> }>();

  add(said: Said, device?: DeviceId): void {
    const { code, file, line, detail } = said;
    const key = JSON.stringify([code, file, line, detail]);
    const held = this.#found.get(key) ?? { ...said, devices: new Set<DeviceId>() };
    if (device !== undefined) held.devices.add(device);
    this.#found.set(key, held);
  }

  /** What was said of a file by a code, so far. */
  details(code: string, file: string): string[] {
    return [...this.#found.values()].flatMap((said) => (said.code === code && said.file === file ? said.detail : []));
  }

  /** The worst first, then by file and line as they came. */
  all(): TemplateFinding[] {
    const all = [...this.#found.values()].map(({ devices, text = null, ...said }) => ({
      ...said,
      detail: said.detail.slice(0, 500),
      text,
      deviceCount: devices.size,
      devices: [...devices].slice(0, DEVICES_SHOWN),
    }));
    const sorted = all.toSorted(
      (a, b) => RANK[a.severity] - RANK[b.severity] || (a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) : 0),
    );
    if (sorted.length <= FINDINGS_MAX) return sorted;
    const kept = sorted.slice(0, FINDINGS_MAX);
    return [...kept, { ...MORE, detail: `${sorted.length - FINDINGS_MAX} more findings` }];
  }
}

const MORE: TemplateFinding = {
  code: "MORE_FINDINGS",
  severity: "tells",
  file: null,
  line: null,
  detail: "",
  hint: null,
  text: null,
  deviceCount: 0,
  devices: [],
};
