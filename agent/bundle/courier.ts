import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BundleFile } from "../../shared/bundle/read.ts";
import type { Envelope } from "../../shared/envelope.ts";
import { exportBundle, type ExportOptions } from "./export.ts";
import { importBundle, type ImportOptions } from "./import.ts";
import type { ExportReport, ImportReport } from "./report.ts";

export interface CourierOptions
  extends Omit<ImportOptions, "own">, Omit<ExportOptions, "evidence" | "privateDir" | "credentials"> {
  readonly stateDir: string;
}

/** The third carrier: files, in and out, one at a time. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #privateDir: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#privateDir = join(options.stateDir, "bundles");
    mkdirSync(this.#privateDir, { recursive: true, mode: 0o700 });
  }

  import(path: string, admission: Envelope | null): Promise<ImportReport> {
    return this.#next(async () => {
      const file = await BundleFile.open(path, this.#privateDir);
      try {
        const report = await importBundle(this.#options, file, admission);
        const { log } = this.#options;
        log.info("bundle-in", { detail: `number ${report.number}, ${report.work.length} of work` });
        if (report.missing) log.warn("bundle-missing", { code: "BUNDLE_ORDER", detail: rangeOf(report.missing) });
        if (report.unacknowledged)
          log.warn("bundle-unacknowledged", { code: "BUNDLE_ORDER", detail: rangeOf(report.unacknowledged) });
        return report;
      } finally {
        await file.close();
      }
    });
  }

  export(path: string): Promise<ExportReport> {
    return this.#next(async () => {
      const { trust, log } = this.#options;
      const { evidence } = trust.keys.keys.document.hub;
      const report = await exportBundle({ ...this.#options, evidence, privateDir: this.#privateDir }, path);
      log.info("bundle-out", { detail: `number ${report.number}` });
      return report;
    });
  }

  /** What is under way has ended. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

const rangeOf = ({ first, last }: { first: number; last: number }): string =>
  first === last ? `number ${first}` : `numbers ${first} to ${last}`;
