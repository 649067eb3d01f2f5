import { readEmbedded } from "./model/embedded.ts";
import { hostDriver } from "./engines/host/driver.ts";
import { hostText } from "./host-text.ts";
import { HostPlatformFile } from "./model/files/schema.ts";
import type { Driver } from "./types.ts";

/** A platform of files and services. Throws SCHEMA with the path of the first fault. */
export const readHostPlatform = (text: string): HostPlatformFile =>
  readEmbedded(HostPlatformFile, text, "platform file");

export const makeHostDriver = (file: HostPlatformFile): Driver => hostDriver(file, hostText(file));
