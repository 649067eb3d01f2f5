import { readFileSync } from "node:fs";
import { Environment, initSync } from "minijinja-js/dist/web/minijinja_js.js";
// @ts-expect-error: the package describes what the module exports; with this attribute the import is the file's path
import wasm from "minijinja-js/dist/web/minijinja_js_bg.wasm" with { type: "file" };
import { FarhandError } from "../../../shared/errors.ts";

/**
 * The engine's build for the web, because it takes its module as bytes. The build for Node looks for a file beside itself: a compiled
 * binary has none, and would look where it was built.
 */
const path: unknown = wasm;
if (typeof path !== "string") throw new FarhandError("INTERNAL", "the template engine is not where it was built in");
initSync({ module: readFileSync(path) });

export { Environment };
