import { afterEach, expect, test } from "vitest";
import { hostKeyFrom } from "./hostkey.ts";
import { startSshServer, type SshServer, type SshServerOptions } from "./server.ts";
import { connectTestClient, execOnce } from "./test-client.ts";

let server: SshServer | undefined;
afterEach(() => server?.stop());

async function start(
  options: Partial<SshServerOptions> = {},
): Promise<{ server: SshServer; target: { address: string; port: number; username: string; password: string } }> {
  server = await startSshServer({
    users: () => [{ username: "ada", password: "right" }],
    shell: ({ stream }) => void stream.write("hello\r\n"),
    exec: ({ stream, exit, command }) => {
      stream.write(`ran ${command}`);
      exit(0);
    },
    ...options,
  });
  return { server, target: { address: server.address, port: server.port, username: "ada", password: "right" } };
}

test("counts every accept and every password, and lets the right one in", async () => {
  const { server, target } = await start();
  const session = await connectTestClient(target);
  await session.waitFor(/hello/);
  await expect(connectTestClient({ ...target, password: "wrong" })).rejects.toThrow(/authentication/i);
  expect(server.counters.accepts).toBe(2);
  expect(server.counters.passwordAttempts).toBe(2);
  expect(server.counters.authFailures).toBe(1);
  session.end();
});

test("a client that turns the host key down sends no password", async () => {
  const { server, target } = await start();
  await expect(connectTestClient(target, { extra: { hostVerifier: () => false } })).rejects.toThrow();
  expect(server.counters.accepts).toBe(1);
  expect(server.counters.passwordAttempts).toBe(0);
});

test("shows the host key that it promised", async () => {
  const { server, target } = await start({ hostKey: hostKeyFrom("pinned") });
  let seen = "";
  const session = await connectTestClient(target, {
    extra: {
      hostVerifier: (key: Buffer) => {
        seen = key.toString("base64");
        return true;
      },
    },
  });
  expect(seen).toBe(server.hostKey.base64);
  expect(hostKeyFrom("pinned").base64).toBe(server.hostKey.base64);
  expect(hostKeyFrom("other").base64).not.toBe(server.hostKey.base64);
  session.end();
});

test("with no free line it closes the connection before it says its version", async () => {
  const { server, target } = await start({ maxConnections: 1 });
  const session = await connectTestClient(target);
  await expect(connectTestClient(target)).rejects.toThrow();
  expect(server.counters.refusedNoLine).toBe(1);
  expect(server.counters.handshakes).toBe(1);
  session.end();
});

test("answers a keyboard-interactive client", async () => {
  const { server, target } = await start({ methods: ["keyboard-interactive"] });
  const { default: ssh2 } = await import("ssh2");
  const client = new ssh2.Client();
  client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
    finish(prompts.map(() => "right")),
  );
  await new Promise<void>((resolve, reject) => {
    client.on("ready", resolve).on("error", reject);
    client.connect({
      host: target.address,
      port: target.port,
      username: "ada",
      tryKeyboard: true,
      hostVerifier: () => true,
    });
  });
  expect(server.counters.passwordAttempts).toBe(1);
  client.end();
});

test("lets a known public key in without a password", async () => {
  const key = hostKeyFrom("ada's key");
  const { server, target } = await start({
    methods: ["publickey"],
    users: () => [{ username: "ada", publicKeys: [`ssh-ed25519 ${key.base64} ada`] }],
  });
  const session = await connectTestClient(target, { extra: { privateKey: key.privateKey } });
  await session.waitFor(/hello/);
  await expect(connectTestClient(target, { extra: { privateKey: hostKeyFrom("mallory").privateKey } })).rejects.toThrow(
    /authentication/i,
  );
  expect(server.counters.passwordAttempts).toBe(0);
  session.end();
});

test("runs one exec request and reports its status", async () => {
  const { target } = await start();
  expect(await execOnce(target, "show clock")).toEqual({ text: "ran show clock", status: 0 });
});

test("refuses and resets while it is unreachable, and comes back", async () => {
  const { server, target } = await start();
  const session = await connectTestClient(target);
  server.setReachability("refuse");
  await session.closed;
  await expect(connectTestClient(target)).rejects.toThrow();
  server.setReachability("up");
  const again = await connectTestClient(target);
  again.end();
  expect(server.counters.accepts).toBe(3);
});

test("stops with sessions open and leaves nothing listening", async () => {
  const { server, target } = await start();
  const session = await connectTestClient(target);
  await server.stop();
  await session.closed;
  await expect(connectTestClient(target)).rejects.toThrow(/ECONNREFUSED|refused/i);
});
