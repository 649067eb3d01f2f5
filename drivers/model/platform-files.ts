import { NetconfPlatformFile, PlatformFile } from "../platform.ts";
import { readEmbedded } from "./embedded.ts";
import { HostPlatformFile } from "./files/schema.ts";
import { NetconfLanguage } from "./netconf-file.ts";
import ciscoIosxe from "./xml/languages/cisco_iosxe.yaml" with { type: "text" };
import juniperJunos from "./xml/languages/juniper_junos.yaml" with { type: "text" };
import ietf from "./xml/languages/netconf.yaml" with { type: "text" };
import { XmlLanguageFile } from "./xml/schema.ts";

/** In the order of `NetconfLanguage`. */
const xmlLanguages: readonly string[] = [ietf, ciscoIosxe, juniperJunos];

/** Parses and checks a platform file. Throws SCHEMA with the path of the first fault, as the others do. */
export const readPlatform = (text: string): PlatformFile => readEmbedded(PlatformFile, text, "platform file");

/** A platform that is spoken to by NETCONF alone. */
export const readNetconfPlatform = (text: string): NetconfPlatformFile =>
  readEmbedded(NetconfPlatformFile, text, "platform file");

/** A platform of files and services. */
export const readHostPlatform = (text: string): HostPlatformFile =>
  readEmbedded(HostPlatformFile, text, "platform file");

/** The language that a NETCONF section names. */
export const readXmlLanguage = (name: NetconfLanguage): XmlLanguageFile =>
  readEmbedded(XmlLanguageFile, xmlLanguages[NetconfLanguage.options.indexOf(name)] ?? "", "platform file");
