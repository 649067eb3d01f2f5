import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A CA of its own and a certificate for 127.0.0.1, made anew: no key is ever committed. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "farhand-ca-"));
  const openssl = (...args: string[]): void => {
    const run = Bun.spawnSync(["openssl", ...args], { cwd: folder, stdout: "ignore", stderr: "pipe" });
    if (run.exitCode !== 0) throw new Error(`openssl ${args[0]}: ${run.stderr.toString()}`);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  try {
    openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2");
    openssl("req", ...newKey, "-keyout", "hub.key", "-out", "hub.csr", "-subj", "/CN=hub");
    writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1");
    const sign = [
      "-req",
      "-in",
      "hub.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-extfile",
      "names",
    ];
    openssl("x509", ...sign, "-out", "hub.pem", "-days", "1");
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    return { ca: read("ca.pem"), cert: read("hub.pem"), key: read("hub.key") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
