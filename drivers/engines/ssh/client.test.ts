// The wrapper against OpenSSH's own server, so that key exchanges are proved on somebody else's arithmetic.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../shared/clock.ts";
import type { AlgorithmProfile, HostKey } from "../../../shared/documents/inventory.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { Secret } from "../../../shared/secret.ts";
import type { OpenHop } from "../../types.ts";
import type { SshConnection, SshOptions } from "./client.ts";
import { connectSsh, connectSshVia, readHostKeys } from "./via.ts";

const SSHD = "/usr/sbin/sshd";
const missing = [SSHD, "/usr/bin/ssh-keygen"].filter((path) => !existsSync(path));
const port = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => "none", errorCode);

describe.skipIf(missing.length > 0)(
  `ssh against OpenSSH${missing.length > 0 ? `: ${missing.join(", ")} not installed` : ""}`,
  () => {
    let folder: string;
    let servers: ChildProcess[] = [];
    let hostKey: HostKey;
    let privateKey: string;
    const username = spawnSync("id", ["-un"]).stdout.toString().trim();
    const abort = new AbortController();

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "farhand-ssh-"));
      for (const name of ["host", "user"])
        spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
      spawnSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", join(folder, "rsa")]);
      hostKey = {
        algorithm: "ssh-ed25519",
        publicKey: readFileSync(join(folder, "host.pub"), "utf8").split(" ")[1] ?? "",
      };
      privateKey = readFileSync(join(folder, "user"), "utf8");
      writeFileSync(join(folder, "authorized"), readFileSync(join(folder, "user.pub")));
      // Privilege separation's folder, which a package's service unit otherwise makes.
      if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
    });
    afterAll(() => {
      for (const server of servers) server.kill("SIGKILL");
      servers = [];
      rmSync(folder, { recursive: true, force: true });
    });

    async function sshd(...lines: string[]): Promise<{ port: number; log: () => string }> {
      const listen = await port();
      const config = join(folder, `config-${listen}`);
      const fixed = [
        `Port ${listen}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${join(folder, "host")}`,
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
      ];
      writeFileSync(
        config,
        [
          ...fixed,
          `AuthorizedKeysFile ${join(folder, "authorized")}`,
          "PermitRootLogin yes",
          "LogLevel DEBUG1",
          ...lines,
          "",
        ].join("\n"),
      );
      let log = "";
      const server = spawn(SSHD, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.stderr.on("data", (text: Buffer) => {
          log += text.toString();
          if (log.includes("Server listening")) resolve();
        });
        server.once("exit", () => reject(new Error(log)));
      });
      return { port: listen, log: () => log };
    }

    function options(at: number, profile: AlgorithmProfile, pins: HostKey[] = [hostKey]): SshOptions {
      return {
        target: { address: "127.0.0.1", port: at, hostKeys: pins, algorithms: profile },
        credential: { username, privateKey: new Secret(privateKey) },
        clock: systemClock,
        signal: abort.signal,
        connectMs: 15_000,
      };
    }
    const echo = async (connection: SshConnection, stdin: string): Promise<string> => {
      const { stdout, code } = await connection.exec("cat", {
        stdin,
        outputBytesMax: 10_000,
        deadlineMs: 10_000,
        signal: abort.signal,
      });
      connection.close();
      expect(code).toBe(0);
      return stdout;
    };

    const exchanges: [string, AlgorithmProfile, string?][] = [
      ["curve25519-sha256", "modern"],
      ["ecdh-sha2-nistp384", "modern"],
      ["diffie-hellman-group14-sha256", "compat"],
      ["diffie-hellman-group16-sha512", "legacy"],
      ["diffie-hellman-group14-sha1", "legacy", "aes256-cbc"],
      ["diffie-hellman-group-exchange-sha256", "legacy"],
      ["diffie-hellman-group1-sha1", "legacy"],
    ];
    test.each(exchanges)("%s as %s", async (kex, profile, cipher) => {
      const server = await sshd(`KexAlgorithms ${kex}`, ...(cipher ? [`Ciphers ${cipher}`] : []));
      expect(await echo(await connectSsh(options(server.port, profile)), "hello")).toBe("hello");
      expect(server.log()).toContain(`kex: algorithm: ${kex}`);
    });

    test("T33: an algorithm outside the profile is refused by name", async () => {
      const server = await sshd("KexAlgorithms diffie-hellman-group14-sha256");
      expect(await codeOf(connectSsh(options(server.port, "modern")))).toBe("ALGORITHMS");
      const cbc = await sshd("Ciphers aes128-cbc");
      expect(await codeOf(connectSsh(options(cbc.port, "compat")))).toBe("ALGORITHMS");
    });

    test("T32: a wrong host key is refused before the server hears of a user", async () => {
      const server = await sshd();
      const other: HostKey = {
        algorithm: "ssh-ed25519",
        publicKey: readFileSync(join(folder, "user.pub"), "utf8").split(" ")[1] ?? "",
      };
      const rsa: HostKey = {
        algorithm: "ssh-rsa",
        publicKey: readFileSync(join(folder, "rsa.pub"), "utf8").split(" ")[1] ?? "",
      };
      expect(await codeOf(connectSsh(options(server.port, "modern", [other])))).toBe("HOST_KEY");
      expect(await codeOf(connectSsh(options(server.port, "modern", [rsa])))).toBe("HOST_KEY");
      expect(server.log()).not.toContain("userauth-request");
    });

    describe("through hops", () => {
      const hop = (name: string, at: number, pins?: HostKey[]): OpenHop => ({ name, ...options(at, "modern", pins) });
      const otherKey = (): HostKey => ({
        algorithm: "ssh-ed25519",
        publicKey: readFileSync(join(folder, "user.pub"), "utf8").split(" ")[1] ?? "",
      });
      const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

      test("a command runs at the end of the chain, and closing it ends every hop", async () => {
        const [first, second, device] = [await sshd(), await sshd(), await sshd()];
        const hops = [hop("jump-1", first.port), hop("jump-2", second.port)];
        const connection = await connectSshVia(hops, options(device.port, "modern"));
        expect(await echo(connection, "through two")).toBe("through two");
        expect(first.log()).toContain(`127.0.0.1 port ${second.port}`);
        expect(second.log()).toContain(`127.0.0.1 port ${device.port}`);
        await expect.poll(() => first.log()).toMatch(/Closing connection|Connection closed|disconnect/i);
      });

      test("T32: a wrong key at the second hop: it hears of no user and gets no password, nor does the device", async () => {
        const [first, second, device] = [await sshd(), await sshd("PasswordAuthentication yes"), await sshd()];
        const credential = { username, password: new Secret("for the second hop only") };
        const hops = [hop("jump-1", first.port), { ...hop("jump-2", second.port, [otherKey()]), credential }];
        expect(await failure(connectSshVia(hops, options(device.port, "modern")))).toMatchObject({
          code: "HOST_KEY",
          detail: expect.stringContaining("hop jump-2") as unknown,
        });
        await expect.poll(() => second.log()).toContain("Connection from");
        expect(first.log()).toContain("userauth-request");
        expect(second.log()).not.toContain("userauth-request");
        expect(device.log()).not.toContain("Connection from");
      });

      test("T32: a wrong key at the device behind a hop: it hears of no user", async () => {
        const [first, device] = [await sshd(), await sshd()];
        const connecting = connectSshVia([hop("jump-1", first.port)], options(device.port, "modern", [otherKey()]));
        expect(await codeOf(connecting)).toBe("HOST_KEY");
        await expect.poll(() => device.log()).toContain("Connection from");
        expect(device.log()).not.toContain("userauth-request");
      });

      test("a hop that may not forward, one that refuses the login, a device that is not there", async () => {
        const [open, shut] = [await sshd(), await sshd("AllowTcpForwarding no")];
        const target = options(open.port, "modern");
        expect(await codeOf(connectSshVia([hop("jump-1", shut.port)], target))).toBe("CONNECT_REFUSED");
        const gone = options(await port(), "modern");
        expect(await codeOf(connectSshVia([hop("jump-1", open.port)], gone))).toBe("CONNECT_REFUSED");
        const stranger = { username, privateKey: new Secret(readFileSync(join(folder, "host"), "utf8")) };
        const refusing = [{ ...hop("jump-1", open.port), credential: stranger }];
        expect(await failure(connectSshVia(refusing, target))).toMatchObject({
          code: "HOP_REFUSED",
          detail: expect.stringContaining("hop jump-1") as unknown,
        });
      });

      test("the deadline and the signal end it while a device behind a hop says nothing", async () => {
        const first = await sshd();
        const mute = createServer(() => undefined).listen(0, "127.0.0.1");
        const target = options((mute.address() as { port: number }).port, "modern");
        const hops = [hop("jump-1", first.port)];
        expect(await codeOf(connectSshVia(hops, { ...target, connectMs: 1500 }))).toBe("CONNECT_TIMEOUT");
        const stop = new AbortController();
        mute.once("connection", () => stop.abort(new FarhandError("CANCELED")));
        expect(await codeOf(connectSshVia(hops, { ...target, signal: stop.signal }))).toBe("CANCELED");
        mute.close();
      });
    });

    describe("host keys", () => {
      const keys = (at: number, profile: AlgorithmProfile = "modern", hops: OpenHop[] = []) => {
        const { credential: _, ...dial } = options(at, profile, []);
        return readHostKeys(hops, dial);
      };
      const publicKey = (name: string): string => readFileSync(join(folder, `${name}.pub`), "utf8").split(" ")[1] ?? "";

      test("are read, one of each type, and no user is named to the server", async () => {
        spawnSync("ssh-keygen", ["-q", "-t", "ecdsa", "-b", "384", "-N", "", "-f", join(folder, "ecdsa")]);
        const server = await sshd(`HostKey ${join(folder, "rsa")}`, `HostKey ${join(folder, "ecdsa")}`);
        expect(await keys(server.port)).toEqual([
          { algorithm: "ssh-ed25519", publicKey: publicKey("host") },
          { algorithm: "ecdsa-sha2-nistp384", publicKey: publicKey("ecdsa") },
          { algorithm: "ssh-rsa", publicKey: publicKey("rsa") },
        ]);
        expect(server.log().match(/Connection from/g)).toHaveLength(4);
        expect(server.log()).not.toContain("userauth-request");
      });

      test("are read behind a hop, which is logged in to by its own pin; what has no pin is not even dialled", async () => {
        const [first, device] = [await sshd(), await sshd()];
        const pinned: OpenHop = { name: "jump-1", ...options(first.port, "modern") };
        const shown = [{ algorithm: "ssh-ed25519", publicKey: publicKey("host") }];
        expect(await keys(device.port, "modern", [pinned])).toEqual(shown);
        expect(device.log()).not.toContain("userauth-request");
        const unpinned: OpenHop = { ...pinned, target: { ...pinned.target, hostKeys: [] } };
        const before = first.log().split("Connection from").length;
        expect(await codeOf(keys(device.port, "modern", [unpinned]))).toBe("HOST_KEY");
        expect(await codeOf(connectSsh(options(first.port, "modern", [])))).toBe("HOST_KEY");
        expect(await codeOf(connectSshVia([pinned], options(device.port, "modern", [])))).toBe("HOST_KEY");
        expect(first.log().split("Connection from")).toHaveLength(before);
      });

      test("of a server that speaks no algorithm of the profile, or that is not there, are not read", async () => {
        const old = await sshd("KexAlgorithms diffie-hellman-group14-sha1");
        expect(await codeOf(keys(old.port))).toBe("ALGORITHMS");
        expect(await keys(old.port, "legacy")).toHaveLength(1);
        expect(await codeOf(keys(await port()))).toBe("CONNECT_REFUSED");
        const mute = createServer(() => undefined).listen(0, "127.0.0.1");
        const at = (mute.address() as { port: number }).port;
        const { credential: _, ...dial } = options(at, "modern", []);
        expect(await codeOf(readHostKeys([], { ...dial, connectMs: 200 }))).toBe("CONNECT_TIMEOUT");
        mute.close();
      });
    });

    test("a key that is not authorised, a closed port, a server that says nothing, a full one", async () => {
      const server = await sshd();
      const wrong = options(server.port, "modern");
      const credential = { username, privateKey: new Secret(readFileSync(join(folder, "host"), "utf8")) };
      expect(await codeOf(connectSsh({ ...wrong, credential }))).toBe("LOGIN_REFUSED");
      expect(await codeOf(connectSsh(options(await port(), "modern")))).toBe("CONNECT_REFUSED");
      const mute = createServer(() => undefined).listen(0, "127.0.0.1");
      const full = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
      const at = (server_: typeof mute): number => (server_.address() as { port: number }).port;
      await Promise.all(
        [mute, full].map(
          (one) => new Promise((resolve) => (one.listening ? resolve(null) : one.once("listening", resolve))),
        ),
      );
      expect(await codeOf(connectSsh({ ...options(at(mute), "modern"), connectMs: 200 }))).toBe("CONNECT_TIMEOUT");
      expect(await codeOf(connectSsh(options(at(full), "modern")))).toBe("SESSIONS_FULL");
      mute.close();
      full.close();
    });

    test("an endless shell waits for its reader; caps and deadlines end a program", async () => {
      const server = await sshd();
      const connection = await connectSsh(options(server.port, "modern"));
      const shell = await connection.shell({ columns: 511, rows: 1000 }, "yes farhand");
      let bytes = 0;
      while (bytes < 8_000_000) bytes += (await shell.read())?.length ?? 0;
      shell.close();
      const limits = { outputBytesMax: 1000, deadlineMs: 10_000, signal: abort.signal };
      expect(await codeOf(connection.exec("yes", limits))).toBe("OUTPUT_TOO_LARGE");
      expect(await codeOf(connection.exec("sleep 100", { ...limits, deadlineMs: 100 }))).toBe("COMMAND_TIMEOUT");
      const failed = await connection.exec("cat >/dev/null; echo no >&2; exit 3", { ...limits, stdin: "x" });
      expect({ ...failed, stderr: failed.stderr.endsWith("no\n") }).toEqual({ code: 3, stdout: "", stderr: true });
      connection.close();
      expect(await codeOf(connection.exec("true", limits))).toBe("CONNECTION_LOST");
      expect(connection.alive).toBe(false);
    });

    test("an abort ends a connection attempt", async () => {
      const mute = createServer(() => undefined).listen(0, "127.0.0.1");
      await new Promise((resolve) => mute.once("listening", resolve));
      const own = new AbortController();
      const attempt = connectSsh({
        ...options((mute.address() as { port: number }).port, "modern"),
        signal: own.signal,
      });
      own.abort(new Error("stop"));
      await expect(attempt).rejects.toThrow("stop");
      mute.close();
    });
  },
);
