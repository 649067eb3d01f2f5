/** `<command format="text">`: a few commands of the CLI, as text. */
import { RpcError } from "../../netconf/errors.ts";
import { splitWords } from "../config/words.ts";
import { commitLog } from "../history.ts";
import { COMMANDS } from "../operational/commands.ts";
import { matchCommand } from "../operational/match.ts";
import { bgpSummary, interfacesDescriptions, interfacesTerse, lldpNeighbors } from "../operational/network.ts";
import { routeSummary } from "../operational/routes.ts";
import { chassisHardware, storage, version } from "../operational/system.ts";
import type { JunosNetconf } from "./session.ts";

export function commandText({ device }: JunosNetconf, line: string): string {
  const found = matchCommand(COMMANDS, splitWords(line), false);
  if (found.kind === "refused")
    throw new RpcError("operation-failed", { type: "protocol", message: found.message.replace(/\.$/, "") });
  switch (found.command) {
    case "version":
    case "versionBrief":
      return version(device).text;
    case "hardware":
      return chassisHardware(device);
    case "interfacesTerse":
      return interfacesTerse(device, found.args[0]?.text);
    case "interfacesDescriptions":
      return interfacesDescriptions(device);
    case "routeSummary":
      return routeSummary(device);
    case "bgpSummary":
      return bgpSummary(device);
    case "lldpNeighbors":
      return lldpNeighbors(device);
    case "storage":
      return storage(device);
    case "commit":
      return commitLog(device.commits, (entry) => device.waits(entry));
    default:
      throw new RpcError("operation-failed", {
        type: "protocol",
        message: "this command is not simulated over NETCONF",
      });
  }
}
