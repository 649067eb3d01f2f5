import type { Clock } from "../shared/clock.ts";
import type { Envelope } from "../shared/envelope.ts";
import type { BoundaryObserver, RefusalObserver } from "../shared/store.ts";
import type { Driver, DriverFor } from "../drivers/types.ts";
import type { ExportReport, ImportReport } from "./bundle/report.ts";
import type { AgentLog } from "./log.ts";
import type { VaultKey } from "./vault/key.ts";

export interface AgentOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly vaultKey: VaultKey;
  readonly log: AgentLog;
  /** The drivers that this build has; tests hand in others. */
  readonly drivers?: {
    driverFor: DriverFor;
    platforms: () => readonly Driver[];
  };
  readonly random?: () => number;
  /** There is never a line: no hub is looked for, whatever the configuration says. */
  readonly airGapped?: boolean;
  /** The site's policy file, instead of the one that the configuration names. */
  readonly policy?: string;
  /** Composed to take in or hand out a bundle and nothing else: no work is started. */
  readonly idle?: boolean;
  /** How long a change's way home is looked for; tests of its loss are impatient. */
  readonly wayHomeMs?: number;
  /** Called around each durable commit of the journal; fault tests kill the process here. */
  readonly onBoundary?: BoundaryObserver;
  readonly onRefused?: RefusalObserver;
}

export interface RunningAgent {
  readonly agent: string;
  readonly epoch: string;
  isLive(): boolean;
  /** Takes in a file from the hub, with a site operator's admission. */
  importBundle(path: string, admission: Envelope | null): Promise<ImportReport>;
  /** Writes what the hub does not have yet into a file. */
  exportBundle(path: string): Promise<ExportReport>;
  /** Ends a quarantine by a keyadmin's word. */
  readmit(envelope: Envelope): Promise<void>;
  /** Does what is due by the agent's own clock now, and not only at the next minute. */
  runDue(): Promise<void>;
  /** Starts nothing more, lets changes reach their end, and closes. */
  drain(): Promise<void>;
  /** Closes at once and leaves what is under way to the next start. */
  stop(): Promise<void>;
}
