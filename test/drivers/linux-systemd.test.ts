import { linuxSuite } from "./linux-suite.ts";

linuxSuite("systemd");
