import { CredentialName, type DeviceId, type HopId } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import { int, text } from "./row.ts";

type Read = Pick<Tx, "all" | "get">;

const sql = statements("journal.logins", {
  count: `SELECT count(*) AS refused FROM refused_login
    WHERE name = $name AND version = $version AND (at_ms > $sinceMs OR at_ms > $nowMs)`,
  add: "INSERT INTO refused_login (name, version, device, at_ms) VALUES ($name, $version, $device, $atMs)",
  forget: "DELETE FROM refused_login WHERE name = $name AND version < $version",
  forgetAll: "DELETE FROM refused_login WHERE name = $name",
  stop: `INSERT INTO stopped_credential (name, version, at_ms) VALUES ($name, $version, $atMs)
    ON CONFLICT (name) DO UPDATE SET version = excluded.version, at_ms = excluded.at_ms WHERE excluded.version > version`,
  stopOf: "SELECT version, at_ms FROM stopped_credential WHERE name = $name",
  stops: "SELECT name, version, at_ms FROM stopped_credential ORDER BY name",
  release: "DELETE FROM stopped_credential WHERE name = $name",
});

export interface StoppedCredential {
  readonly name: CredentialName;
  readonly version: number;
  readonly atMs: number;
}

/** How often this version was refused since then. A clock that was set back does not make a refusal undone. */
export async function refusedLogins(
  tx: Read,
  of: { readonly name: CredentialName; readonly version: number },
  since: { readonly sinceMs: number; readonly nowMs: number },
): Promise<number> {
  const row = await tx.get(sql.count, { name: of.name, version: of.version, ...since });
  return row ? int(row, "refused") : 0;
}

export async function addRefusedLogin(
  tx: Tx,
  refused: {
    readonly name: CredentialName;
    readonly version: number;
    readonly device: DeviceId | HopId;
    readonly atMs: number;
  },
): Promise<void> {
  const { name, version } = refused;
  await tx.run(sql.forget, { name, version });
  await tx.run(sql.add, { ...refused });
}

export async function stopCredential(tx: Tx, stop: StoppedCredential): Promise<void> {
  await tx.run(sql.stop, { ...stop });
}

/** A newer version than the one that was stopped is not stopped. */
export async function isStopped(tx: Read, name: CredentialName, version: number): Promise<boolean> {
  const row = await tx.get(sql.stopOf, { name });
  return row !== undefined && int(row, "version") >= version;
}

export async function stoppedCredentials(tx: Read): Promise<StoppedCredential[]> {
  return (await tx.all(sql.stops)).map((row) => ({
    name: CredentialName.parse(text(row, "name")),
    version: int(row, "version"),
    atMs: int(row, "at_ms"),
  }));
}

/** True when it was stopped. Either way it may be refused anew as often as a new one. */
export async function releaseCredential(tx: Tx, name: CredentialName): Promise<boolean> {
  await tx.run(sql.forgetAll, { name });
  return (await tx.run(sql.release, { name })) > 0;
}
