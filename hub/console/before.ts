/** Imported first. zod compiles its parsers with `new Function`, which the page's Content-Security-Policy forbids. */
import { config } from "zod";

config({ jitless: true });
