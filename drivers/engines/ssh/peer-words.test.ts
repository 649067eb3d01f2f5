import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { systemClock } from "../../../shared/clock.ts";
import { SshConnection } from "./client.ts";

test("T36: a device that hangs up with the password as its reason tells nobody", async () => {
  const client = new EventEmitter();
  const redact = (text: string): string => text.replaceAll("hunter2-canary", "‹hidden›");
  type Given = ConstructorParameters<typeof SshConnection>[0];
  const connection = new SshConnection(client as unknown as Given, systemClock, redact);
  client.emit("error", new Error(`bye \u001b[2J${"x".repeat(150)} hunter2-canary${"y".repeat(30_000)}`));
  const refused = await connection.shell({ columns: 80, rows: 24 }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(String(refused)).toContain("‹hidden›");
  expect(String(refused)).not.toContain("hunter2");
  expect(String(refused)).not.toContain("\u001b");
  expect(String(refused).length).toBeLessThan(500);
});
