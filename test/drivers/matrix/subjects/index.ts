import { nameOf, type Subject } from "../subject.ts";
import { aristaEos } from "./arista-eos.ts";
import { ciscoIosxe } from "./cisco-iosxe.ts";
import { frrLinux } from "./frr-linux.ts";
import { juniperJunos } from "./juniper-junos.ts";
import { linux } from "./linux.ts";
import { mikrotikRouteros } from "./mikrotik-routeros.ts";
import { iosxeNetconf, junosNetconf, netconf } from "./netconf.ts";
import { nokiaSrlinux } from "./nokia-srlinux.ts";

/** Every platform over every transport that it is driven by. */
const all: readonly Subject[] = [
  ...aristaEos,
  ciscoIosxe,
  frrLinux,
  juniperJunos,
  linux,
  mikrotikRouteros,
  netconf,
  iosxeNetconf,
  junosNetconf,
  ...nokiaSrlinux,
];

/** Those that this machine can run; the others are told of. */
export const subjects: readonly Subject[] = all.filter((one) => {
  if (one.cannot !== undefined) console.log(`${nameOf(one)}: not run: ${one.cannot}`);
  return one.cannot === undefined;
});
