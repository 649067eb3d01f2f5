import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "../../../house/files.ts";

/** A file of this repository, by its path in it. */
export const readSource = (path: string): Promise<string> => readFile(join(repositoryRoot, path), "utf8");
