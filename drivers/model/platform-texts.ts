import aristaEos from "../platforms/arista_eos.yaml" with { type: "text" };
import ciscoIosxe from "../platforms/cisco_iosxe.yaml" with { type: "text" };
import ciscoNxos from "../platforms/cisco_nxos.yaml" with { type: "text" };
import frrLinux from "../platforms/frr_linux.yaml" with { type: "text" };
import juniperJunos from "../platforms/juniper_junos.yaml" with { type: "text" };
import linux from "../platforms/linux.yaml" with { type: "text" };
import mikrotikRouteros from "../platforms/mikrotik_routeros.yaml" with { type: "text" };
import netconf from "../platforms/netconf.yaml" with { type: "text" };
import nokiaSrlinux from "../platforms/nokia_srlinux.yaml" with { type: "text" };

/** Embedded as text, so that a compiled binary carries its platform files and reads none from where it is started. */
export const lineTexts: readonly string[] = [
  ciscoIosxe,
  frrLinux,
  aristaEos,
  juniperJunos,
  nokiaSrlinux,
  mikrotikRouteros,
  ciscoNxos,
];

/** Those that are spoken to by NETCONF alone. */
export const netconfTexts: readonly string[] = [netconf];

/** Those whose configuration is files and services. */
export const hostTexts: readonly string[] = [linux];
