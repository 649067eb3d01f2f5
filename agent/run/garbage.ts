const COLLECT_EVERY_BYTES = 2 * 1024 * 1024;

let sinceLast = 0;

/**
 * Device output makes garbage as fast as it comes, and JavaScriptCore, which sizes its heap by the machine's memory, would let a
 * hundred megabytes of it stand. Collecting after every two mebibytes, for the whole process, keeps the peak near what is idle;
 * it costs no measurable time beside the redaction of the same bytes.
 */
export function streamed(bytes: number): void {
  sinceLast += bytes;
  if (sinceLast < COLLECT_EVERY_BYTES) return;
  sinceLast = 0;
  Bun.gc(true);
}
