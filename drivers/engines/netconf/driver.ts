import { jcs, sha256 } from "../../../shared/bytes.ts";
import type { Evidence } from "../../../shared/documents/common.ts";
import type { PlatformId } from "../../../shared/ids.ts";
import { withState } from "../../model/state/packs.ts";
import { pureOf, secretsOf, type DeviceText } from "../../text.ts";
import type { Driver, OpenOptions } from "../../types.ts";
import type { LineRedactor } from "../cli/redactor.ts";
import { connectSshVia, readHostKeys } from "../ssh/via.ts";
import { NetconfClient } from "./client.ts";
import type { NetconfFile } from "../../model/netconf-file.ts";
import { XmlLines } from "./lines.ts";
import { Operations } from "./operations.ts";
import { Parked } from "./parked.ts";
import { parseRead, tableRead } from "./reads.ts";
import { NetconfSession } from "./session.ts";

export interface NetconfPlatform {
  readonly id: PlatformId;
  readonly vendor: string;
  readonly evidence: Evidence;
  readonly netconf: NetconfFile;
  /** Counts for the digest; `model` is made of it. */
  readonly language: object;
}

/** With what is read of its state, which counts for the digest too. */
type WithState = ReturnType<typeof withState<NetconfPlatform>>;

/** NETCONF over SSH plus a platform file; `model` is the file's language. */
export function netconfDriver(platform: NetconfPlatform, model: DeviceText): Driver {
  const file = withState(platform, "netconf");
  const parked = new Parked();
  return {
    platform: file.id,
    transport: "netconf",
    digest: sha256(jcs(file)),
    evidence: file.evidence,
    rights: "untold",
    isRead: (command) => parseRead(command) !== undefined || tableRead(file.state, command) !== undefined,
    ...pureOf(model),
    hostKeys: ({ via = [], ...options }) => readHostKeys(via, options),
    open: (options) => open(file, model, parked, options),
  };
}

async function open(file: WithState, model: DeviceText, parked: Parked, o: OpenOptions): Promise<NetconfSession> {
  const { target, credential, clock, signal, via = [], guard = (login) => login() } = o;
  const redactor = (): LineRedactor => model.lineRedactor(target.id, o.tagger, secretsOf(o));
  const redact = (text: string): string => redactor()(text);
  const options = { target, credential, clock, signal, connectMs: o.connectMs, redact };
  return await connectSshVia(via, options, (connect) =>
    guard(async () => {
      const startedMs = clock.monotonicMs();
      const connection = await connect();
      try {
        const client = await NetconfClient.open({
          stream: await connection.subsystem("netconf"),
          clock,
          signal,
          helloMs: Math.max(1, o.connectMs - (clock.monotonicMs() - startedMs)),
          redact,
          chunked: file.netconf.chunked,
          told: async (direction, text) => {
            const lines = new XmlLines();
            const hide = redactor();
            const all = [...lines.push(text), ...lines.flush()].map((line) => hide(line));
            await o.transcript.write(direction, `${all.join("\n")}\n`);
          },
        });
        return new NetconfSession({
          platform: file.id,
          vendor: file.vendor,
          pack: file.state,
          parked,
          redactor,
          device: {
            file: file.netconf,
            operations: new Operations(client, { deadlineMs: o.commandMs }),
            sessionId: client.hello.sessionId,
            clock,
            signal,
            commandMs: o.commandMs,
            transcript: o.transcript,
            configuration: (raw) => model.configuration(target.id, raw, o.tagger),
            alive: () => client.alive && connection.alive,
            disconnect: () => {
              client.close();
              connection.close();
            },
          },
        });
      } catch (error) {
        connection.close();
        throw error;
      }
    }),
  );
}
