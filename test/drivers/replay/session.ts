import { Cli } from "../../../drivers/engines/cli/cli.ts";
import { readChecker } from "../../../drivers/engines/cli/reads.ts";
import { CliSession } from "../../../drivers/engines/cli/session.ts";
import type { CommandChannel } from "../../../drivers/engines/channel.ts";
import { ExecChannel } from "../../../drivers/engines/ssh/exec-channel.ts";
import type { PlatformFile } from "../../../drivers/platform.ts";
import { deviceText, type DeviceText } from "../../../drivers/text.ts";
import { RecipeUndo } from "../../../drivers/transaction/recipes.ts";
import { systemClock } from "../../../shared/clock.ts";
import { DeviceId } from "../../../shared/ids.ts";
import { Secret } from "../../../shared/secret.ts";
import { tagger } from "../support.ts";
import type { Peer } from "./peer.ts";

export const device = DeviceId.parse("recorded-1");
const USERNAME = "boxen";
const SECRETS = { password: "the password of the login", enable: "the password of enable" };

export interface Opened {
  readonly cli: CommandChannel;
  readonly session: CliSession;
  readonly model: DeviceText;
  readonly transcript: string[];
}

/** The engine, the recipes and the platform file as a driver puts them together, on bytes that no SSH carries. */
export async function openOn(peer: Peer, file: PlatformFile): Promise<Opened> {
  const model = deviceText(file);
  const transcript: string[] = [];
  const options = {
    file,
    signal: new AbortController().signal,
    connectMs: 60_000,
    commandMs: 60_000,
    // By lines, without what is not seen: where one read ends is the business of the network.
    transcript: {
      write: (direction: "sent" | "received" | "note", text: string): void => {
        for (const line of text.split("\n")) if (line.trim() !== "") transcript.push(`${direction}: ${line.trim()}`);
      },
    },
    redact: model.lineRedactor(device, tagger, Object.values(SECRETS)),
  };
  const credential = {
    username: USERNAME,
    password: new Secret(SECRETS.password),
    enable: new Secret(SECRETS.enable),
  };
  const cli: CommandChannel =
    file.transport.kind === "ssh-exec"
      ? new ExecChannel({ ...options, connection: peer })
      : new Cli({ ...options, stream: peer, clock: systemClock, credential });
  await cli.open();
  const session = new CliSession({
    file,
    cli,
    isRead: readChecker(file),
    undo: new RecipeUndo(file, cli, USERNAME),
    configuration: (raw) => model.configuration(device, raw, tagger),
    disconnect: () => undefined,
  });
  return { cli, session, model, transcript };
}
