import { hostVerdict } from "../../../../simulators/host/requirements.ts";
import type { Subject } from "../subject.ts";
import { aristaEos } from "./arista-eos.ts";
import { ciscoIosxe } from "./cisco-iosxe.ts";
import { juniperJunos } from "./juniper-junos.ts";
import { linux } from "./linux.ts";
import { mikrotikRouteros } from "./mikrotik-routeros.ts";
import { iosxeNetconf, junosNetconf, netconf } from "./netconf.ts";
import { nokiaSrlinux } from "./nokia-srlinux.ts";

const verdict = hostVerdict();
if (!verdict.run) console.log(`linux has no part in this: ${verdict.reason}`);

/** Every platform over every transport that it is driven by. */
export const subjects: readonly Subject[] = [
  ...aristaEos,
  ciscoIosxe,
  juniperJunos,
  ...(verdict.run ? [linux] : []),
  mikrotikRouteros,
  netconf,
  iosxeNetconf,
  junosNetconf,
  ...nokiaSrlinux,
];
