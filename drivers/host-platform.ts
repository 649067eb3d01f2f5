import { hostDriver } from "./engines/host/driver.ts";
import { hostText } from "./host-text.ts";
import type { HostPlatformFile } from "./model/files/schema.ts";
import type { Driver } from "./types.ts";

export const makeHostDriver = (file: HostPlatformFile): Driver => hostDriver(file, hostText(file));
