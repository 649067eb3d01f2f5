import { readFileSync } from "node:fs";
import { readPlatform } from "../../../drivers/model/platform-files.ts";
import type { PlatformFile } from "../../../drivers/platform.ts";

export const platformFile = (id: string): PlatformFile =>
  readPlatform(readFileSync(new URL(`../../../drivers/platforms/${id}.yaml`, import.meta.url), "utf8"));
