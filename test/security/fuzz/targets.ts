import type { Target } from "./target.ts";
import { apiTargets } from "./targets/api.ts";
import { auditTargets } from "./targets/audit.ts";
import { bundleTargets } from "./targets/bundles.ts";
import { deviceTargets } from "./targets/devices.ts";
import { fileTargets } from "./targets/files.ts";
import { netconfTargets } from "./targets/netconf.ts";
import { peopleTargets } from "./targets/people.ts";
import { sealedTargets } from "./targets/sealed.ts";
import { signedTargets } from "./targets/signed.ts";
import { snmpTargets } from "./targets/snmp.ts";
import { trustTargets } from "./targets/trust-set.ts";
import { wireTargets } from "./targets/wire.ts";
import { xmlTargets } from "./targets/xml.ts";

/** Every reader in the product that sees bytes of somebody else. */
export const TARGETS: readonly Target[] = [
  ...signedTargets,
  ...trustTargets,
  ...bundleTargets,
  ...wireTargets,
  ...fileTargets,
  ...peopleTargets,
  ...sealedTargets,
  ...auditTargets,
  ...deviceTargets,
  ...xmlTargets,
  ...netconfTargets,
  ...snmpTargets,
  ...apiTargets,
];
