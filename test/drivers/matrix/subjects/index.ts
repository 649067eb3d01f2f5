import type { Subject } from "../subject.ts";
import { ciscoIosxe } from "./cisco-iosxe.ts";

/** Every platform over every transport that it is driven by. */
export const subjects: readonly Subject[] = [ciscoIosxe];
