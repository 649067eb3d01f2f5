import type { Evidence } from "../../../shared/documents/common.ts";
import type { TransportName } from "../../../shared/documents/inventory.ts";
import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import type { DeviceId, PlatformId } from "../../../shared/ids.ts";
import type { NetconfPlatformFile, PlatformFile } from "../../platform.ts";
import type { HostPlatformFile } from "../files/schema.ts";
import { compileHostLanguage } from "../files/language.ts";
import { predictHost } from "../files/predict.ts";
import { compileLanguage } from "../language.ts";
import { readHostPlatform, readNetconfPlatform, readPlatform, readXmlLanguage } from "../platform-files.ts";
import { hostTexts, lineTexts, netconfTexts } from "../platform-texts.ts";
import { predict } from "../predict.ts";
import { attempt } from "../refusal.ts";
import { refuseUpload, replaceBy } from "../whole-text.ts";
import { compileXmlLanguage } from "../xml/language.ts";
import { predictXml } from "../xml/predict.ts";
import type { TextFinding } from "./finding.ts";
import { shapeOf } from "./shape.ts";
import { findingsOf } from "./text.ts";

/** What can be said of authors' texts for a platform over one of its transports without a device, by the code that a plan goes by. */
export interface TextLint {
  readonly platform: PlatformId;
  readonly transport: TransportName;
  readonly evidence: Evidence;
  /** Whether the platform has such a change at all, on whatever device. */
  can(mode: ChangeMode): boolean;
  /** All that is to be said of a text, in the order of its lines. Throws nothing that a text could cause. */
  lint(device: DeviceId, mode: ChangeMode, text: string): TextFinding[];
}

/** Over its first transport where none is named. Undefined: there is no driver that changes anything there. */
export function textLintFor(platform: PlatformId, transport?: TransportName): TextLint | undefined {
  const lints = lintsByPlatform().get(platform);
  return transport === undefined ? lints?.[0] : lints?.find((lint) => lint.transport === transport);
}

/** Every platform, over every transport. */
export const textLints = (): readonly TextLint[] => [...lintsByPlatform().values()].flat();

let made: ReadonlyMap<PlatformId, readonly TextLint[]> | undefined;

/** As `registry.ts` makes drivers of the same files; `lint.test.ts` holds the two together. */
function lintsByPlatform(): ReadonlyMap<PlatformId, readonly TextLint[]> {
  made ??= new Map<PlatformId, readonly TextLint[]>([
    ...lineTexts.map((text) => {
      const file = readPlatform(text);
      const { netconf, https } = file;
      const lints = [
        ofLines(file, "cli"),
        ...(https ? [ofLines(file, "https")] : []),
        ...(netconf ? [ofXml({ ...file, netconf })] : []),
      ];
      return [file.id, lints] as const;
    }),
    ...netconfTexts.map((text) => {
      const file = readNetconfPlatform(text);
      return [file.id, [ofXml(file)]] as const;
    }),
    ...hostTexts.map((text) => {
      const file = readHostPlatform(text);
      return [file.id, [ofFiles(file)]] as const;
    }),
  ]);
  return made;
}

function ofLines(file: PlatformFile, transport: TransportName): TextLint {
  const { id: platform, evidence, transactions } = file;
  const language = compileLanguage(file.language);
  return {
    platform,
    transport,
    evidence,
    can: (mode) => transactions[mode] !== undefined,
    lint: (device, mode, text) =>
      findingsOf({ device, mode, text }, (change) => {
        attempt(change.refused, () => refuseUpload(transactions[mode], text));
        change.tell(shapeOf(language, text));
        return predict(language, { ...change, replaceBy: replaceBy(transactions) });
      }),
  };
}

function ofXml({
  id: platform,
  evidence,
  netconf,
}: Pick<NetconfPlatformFile, "id" | "evidence" | "netconf">): TextLint {
  const language = compileXmlLanguage(readXmlLanguage(netconf.language));
  return {
    platform,
    transport: "netconf",
    evidence,
    can: (mode) => mode === "merge" || netconf.replaces,
    lint: (device, mode, text) => findingsOf({ device, mode, text }, (change) => predictXml(language, change)),
  };
}

function ofFiles(file: HostPlatformFile): TextLint {
  const language = compileHostLanguage(file);
  return {
    platform: file.id,
    transport: "cli",
    evidence: file.evidence,
    can: () => true,
    lint: (device, mode, text) => findingsOf({ device, mode, text }, (change) => predictHost(language, change)),
  };
}
