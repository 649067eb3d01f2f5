/** One standalone binary out of one entry file. It takes nothing from the folder that it is started in. */
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { fetchRuntime, hostTarget, type Target } from "./runtimes.ts";

export interface Binary {
  file: string;
  target: Target;
  bytes: number;
  sha256: string;
}

export interface Compilation {
  root: string;
  entry: string;
  outfile: string;
  target: Target;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

export async function compile({ root, entry, outfile, target }: Compilation): Promise<Binary> {
  await mkdir(dirname(outfile), { recursive: true });
  const built = await Bun.build({
    entrypoints: [entry],
    minify: true,
    sourcemap: "none",
    // ssh2 asks for it and does without: its native part is not built, because its install script is not allowed.
    external: ["cpu-features"],
    define: { "process.env.NODE_ENV": '"production"' },
    compile: {
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
      ...(target === hostTarget() ? {} : { target: `bun-${target}`, executablePath: fetchRuntime(root, target) }),
    },
  });
  if (!built.success) throw new AggregateError(built.logs, `${entry}: does not build`);
  const file = target.startsWith("windows") && !outfile.endsWith(".exe") ? `${outfile}.exe` : outfile;
  return { file: basename(file), target, bytes: statSync(file).size, sha256: await sha256(file) };
}
