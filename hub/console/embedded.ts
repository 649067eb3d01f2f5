/** What the bundler leaves of the page inside a compiled binary. Only imported there: elsewhere `assets.ts` builds it. */
import { z } from "zod";
import page from "./index.html";

const Manifest = z.object({
  files: z.array(z.object({ path: z.string(), loader: z.string(), headers: z.object({ "content-type": z.string() }) })),
});

export const { files } = Manifest.parse(page);
