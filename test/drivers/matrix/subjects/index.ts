import type { Subject } from "../subject.ts";
import { ciscoIosxe } from "./cisco-iosxe.ts";
import { juniperJunos } from "./juniper-junos.ts";

/** Every platform over every transport that it is driven by. */
export const subjects: readonly Subject[] = [ciscoIosxe, juniperJunos];
