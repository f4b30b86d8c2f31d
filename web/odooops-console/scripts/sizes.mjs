// Tell how much a browser loads: the scripts and styles of each page, compressed.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { pagesOf } from "./pages.mjs";

const [folder = "out"] = process.argv.slice(2);
for (const path of pagesOf(folder).sort()) {
  // Only browsers without modules load those, and no such browser shows these pages.
  const page = readFileSync(path, "utf8").replaceAll(/<script[^>]*nomodule[^>]*>/gi, "");
  const names = new Set(
    [...page.matchAll(/(?:src|href)="(\/_next\/static\/[^"]+\.(?:js|css))"/g)].map((found) => found[1]),
  );
  const sizes = [...names].map((name) => gzipSync(readFileSync(join(folder, name))).length);
  const total = sizes.reduce((sum, size) => sum + size, gzipSync(page).length);
  console.log(`${(total / 1000).toFixed(1).padStart(7)} kB gz  ${names.size} files  ${relative(folder, path)}`);
}
