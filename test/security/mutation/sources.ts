/** The verifier and the bundle reader, file by file, and the tests that are asked to notice when one of their refusals is gone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, isSource, isTest, repositoryRoot } from "../../house/files.ts";
import { refusalsIn, type Refusal } from "./refusals.ts";

const MUTATED: readonly RegExp[] = [
  /^shared\/(envelope|bytes|keys|trust)\.ts$/,
  /^shared\/verify\//,
  /^shared\/tuf\/(apply|file|open|metadata|key)\.ts$/,
  /^shared\/documents\//,
  /^shared\/bundle\/(read|format|admission|private-copy|evidence|trust|index)\.ts$/,
  /^shared\/audit\/(entry|export|proofs|log-check|verify-export|receipts)\.ts$/,
  /^agent\/verify\//,
  /^agent\/bundle\/(brought|import|desk|courier|attested-clock|trust-set)\.ts$/,
  /^hub\/bundles\/import\.ts$/,
];

const ASKED: readonly RegExp[] = [
  /^shared\//,
  /^agent\/(verify|bundle|policy)\//,
  /^hub\/(bundles|audit)\//,
  /^test\/agent\/(bundle(-parts)?|brought)\.test\.ts$/,
  /^test\/security\/(forged|shape)\.test\.ts$/,
];

const matches = (path: string, patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(path));

export const mutatedFiles = (): readonly string[] =>
  filesUnder(repositoryRoot).filter((path) => isSource(path) && !isTest(path) && matches(path, MUTATED));

export const askedTests = (): readonly string[] =>
  filesUnder(repositoryRoot).filter((path) => isTest(path) && matches(path, ASKED));

/** Every refusal; its place in this list is its number. */
export const allRefusals = (): readonly Refusal[] =>
  mutatedFiles().flatMap((file) => refusalsIn(file, readFileSync(join(repositoryRoot, file), "utf8")));
