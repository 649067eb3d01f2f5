import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { sha256, utf8 } from "../../shared/bytes.ts";
import { Evidence } from "../../shared/documents/common.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { Driver } from "../../drivers/types.ts";
import { readOwnFile } from "../policy/file.ts";
import { Certificate, gradeOf } from "./certificate.ts";
import { LIST } from "./certify.ts";

/** In order: each claims more than the one before. */
export const GRADES: readonly Evidence[] = Evidence.options;
export const isMore = (claimed: Evidence, held: Evidence): boolean => GRADES.indexOf(claimed) > GRADES.indexOf(held);

const FILES_MAX = 256;
const NAME = /^[\w.\-]{1,200}\.json$/v;

export interface HeldCertificate {
  readonly name: string;
  readonly certificate: Certificate;
}

const folderOf = (stateDir: string): string => join(stateDir, "evidence");

/** Throws SCHEMA for what is no certificate, EVIDENCE_TOO_LOW for one that earns no grade by the list of this build. */
export function readCertificate(text: string): Certificate {
  let parsed: z.ZodSafeParseResult<Certificate>;
  try {
    parsed = Certificate.safeParse(JSON.parse(text));
  } catch (error) {
    throw new FarhandError("SCHEMA", "an evidence file is JSON", { cause: error });
  }
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FarhandError("SCHEMA", `evidence file: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  const { device, items } = parsed.data;
  // By what stands there, not by what it says of itself.
  const { missing } = gradeOf(
    "simulated",
    device.version,
    items,
    LIST.map(({ id }) => id),
  );
  if (missing.length > 0) throw new FarhandError("EVIDENCE_TOO_LOW", missing.slice(0, 5).join("; "));
  return parsed.data;
}

/**
 * What the operator of this host had the agent take as proof: files that only root or the agent's user can have written. Each raises one driver,
 * by the digest of its platform file and its transport, on one version of the device's software. Nothing here lowers a grade, and a driver
 * that was changed since is what its own file says.
 */
export class HeldEvidence {
  readonly #held: readonly HeldCertificate[];

  private constructor(held: readonly HeldCertificate[]) {
    this.#held = held;
  }

  static readonly none = new HeldEvidence([]);

  /** What cannot be read is left out, and told: a grade is then lower, and never higher. */
  static load(stateDir: string, told: (name: string, error: FarhandError) => void = () => undefined): HeldEvidence {
    const folder = folderOf(stateDir);
    let names: string[];
    try {
      names = readdirSync(folder).filter((name) => NAME.test(name));
    } catch {
      return HeldEvidence.none;
    }
    const held: HeldCertificate[] = [];
    for (const name of names.toSorted().slice(0, FILES_MAX)) {
      try {
        held.push({ name, certificate: readCertificate(readOwnFile(join(folder, name))) });
      } catch (error) {
        told(name, error instanceof FarhandError ? error : new FarhandError("IO", `${name}: ${errorCode(error)}`));
      }
    }
    return new HeldEvidence(held);
  }

  get all(): readonly HeldCertificate[] {
    return this.#held;
  }

  #for({ platform, digest, transport }: Driver): readonly Certificate[] {
    return this.#held
      .map(({ certificate }) => certificate)
      .filter((one) => one.platform === platform && one.digest === digest && one.transport === transport);
  }

  /** The versions on which this driver, as it is, was proved on a real device. */
  versions(driver: Driver): readonly string[] {
    return this.#for(driver).flatMap(({ device }) => (device.version === null ? [] : [device.version]));
  }

  /** For a device that runs this version. */
  gradeOf(driver: Driver, version: string | null): Evidence {
    return version !== null && this.versions(driver).includes(version) ? "real" : driver.evidence;
  }

  /** The most that can be claimed of it on any version. */
  bestOf(driver: Driver): Evidence {
    return this.versions(driver).length > 0 ? "real" : driver.evidence;
  }
}

/** Keeps a copy under a name that is made of what it says. Returns that name. */
export function addCertificate(stateDir: string, text: string): HeldCertificate {
  const certificate = readCertificate(text);
  const folder = folderOf(stateDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `${certificate.platform}-${sha256(utf8(text)).slice(0, 16)}.json`;
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return { name, certificate };
}

/** NOT_FOUND where there is no such file. */
export function removeCertificate(stateDir: string, name: string): void {
  const path = join(folderOf(stateDir), name);
  try {
    if (!NAME.test(name)) throw new Error("not a name");
    lstatSync(path);
  } catch (error) {
    throw new FarhandError("NOT_FOUND", name, { cause: error });
  }
  rmSync(path);
}
