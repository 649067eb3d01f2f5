import { netconfDriver } from "./engines/netconf/driver.ts";
import { readXmlLanguage } from "./model/platform-files.ts";
import type { NetconfPlatformFile } from "./platform.ts";
import type { Driver } from "./types.ts";
import { xmlText } from "./xml-text.ts";

/** NETCONF plus the section of a platform file, and the language that it names: the digest is of both. */
export function makeNetconfDriver({
  id,
  vendor,
  evidence,
  netconf,
}: Pick<NetconfPlatformFile, "id" | "vendor" | "evidence" | "netconf">): Driver {
  const language = readXmlLanguage(netconf.language);
  return netconfDriver({ id, vendor, evidence, netconf, language }, xmlText({ language, replaces: netconf.replaces }));
}
