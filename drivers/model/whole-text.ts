import { FarhandError } from "../../shared/errors.ts";
import type { PlatformFile } from "../platform.ts";

type Transactions = PlatformFile["transactions"];

/** How a platform takes a whole configuration: as a file, or as the lines that lead there. */
export const replaceBy = ({ replace }: Transactions): "file" | "lines" =>
  replace?.byLines === true ? "lines" : "file";

/** TEXT_REFUSED for a text that cannot be written to the device's file system, where that is how it gets there. */
export function refuseUpload(transaction: Transactions["replace"], text: string): void {
  for (const source of transaction?.upload?.refuse ?? []) {
    const found = new RegExp(source, "mv").exec(text);
    if (found)
      throw new FarhandError(
        "TEXT_REFUSED",
        `this cannot be written to the device's file system: ${JSON.stringify(found[0])}`,
      );
  }
}
