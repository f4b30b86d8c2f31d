// The pages of an export.
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Return the path of every page below the folder. */
export function pagesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".html"))
    .map((name) => join(folder, name));
}
