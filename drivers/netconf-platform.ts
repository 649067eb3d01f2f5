import { readEmbedded } from "./model/embedded.ts";
import { netconfDriver } from "./engines/netconf/driver.ts";
import ciscoIosxe from "./model/xml/languages/cisco_iosxe.yaml" with { type: "text" };
import juniperJunos from "./model/xml/languages/juniper_junos.yaml" with { type: "text" };
import ietf from "./model/xml/languages/netconf.yaml" with { type: "text" };
import { XmlLanguageFile } from "./model/xml/schema.ts";
import { NetconfLanguage } from "./model/netconf-file.ts";
import { NetconfPlatformFile } from "./platform.ts";
import type { Driver } from "./types.ts";
import { xmlText } from "./xml-text.ts";

/** In the order of `NetconfLanguage`. */
const languages: readonly string[] = [ietf, ciscoIosxe, juniperJunos];

/** Throws SCHEMA with the path of the first fault. */
export function readNetconfPlatform(text: string): NetconfPlatformFile {
  return readEmbedded(NetconfPlatformFile, text, "platform file");
}

/** NETCONF plus the section of a platform file, and the language that it names: the digest is of both. */
export function makeNetconfDriver({
  id,
  vendor,
  evidence,
  netconf,
}: Pick<NetconfPlatformFile, "id" | "vendor" | "evidence" | "netconf">): Driver {
  const language = readEmbedded(
    XmlLanguageFile,
    languages[NetconfLanguage.options.indexOf(netconf.language)] ?? "",
    "platform file",
  );
  return netconfDriver({ id, vendor, evidence, netconf, language }, xmlText({ language, replaces: netconf.replaces }));
}
