// The agent of `linux-suite.ts` that is killed: one change, up to where it would be proved.
import { text } from "node:stream/consumers";
import { runChange } from "../../drivers/transaction/change.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import { linuxBox } from "./linux-box.ts";
import { recorder } from "./support.ts";

const { spec, ...host } = JSON.parse(await text(process.stdin)) as {
  spec: ChangeSpec;
  port: number;
  hostKeyPublic: string;
  user: string;
  password: string;
};
const forever = new Promise<void>(() => setInterval(() => undefined, 60_000));
await runChange(
  linuxBox(host).context(),
  spec,
  recorder({ at: (step) => (step === "apply" ? forever : undefined) }).hooks,
);
