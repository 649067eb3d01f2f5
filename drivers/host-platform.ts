import { parse as parseYaml } from "yaml";
import { FarhandError } from "../shared/errors.ts";
import { hostDriver } from "./engines/host/driver.ts";
import { hostText } from "./host-text.ts";
import { HostPlatformFile } from "./model/files/schema.ts";
import type { Driver } from "./types.ts";

/** A platform of files and services. Throws SCHEMA with the path of the first fault. */
export function readHostPlatform(text: string): HostPlatformFile {
  const parsed = HostPlatformFile.safeParse(parseYaml(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FarhandError("SCHEMA", `platform file: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
}

export const makeHostDriver = (file: HostPlatformFile): Driver => hostDriver(file, hostText(file));
