// Move the inline scripts of an export into files, so that a Content-Security-Policy can forbid inline ones without a
// list of hashes. Next.js reads what they push, in whichever order they and its own files run.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pagesOf } from "./pages.mjs";

const INLINE = /<script((?:\s+id="[^"]*")?)>([\s\S]*?)<\/script>/g;
const OTHERS = /<script(?![^>]*\ssrc=)[^>]*>|\son[a-z]+="|\sstyle="|<style[\s>]/;

const [folder = "out"] = process.argv.slice(2);
const place = join(folder, "_next", "static", "inline");
mkdirSync(place, { recursive: true });
for (const path of pagesOf(folder)) {
  const page = readFileSync(path, "utf8").replace(INLINE, (_whole, id, script) => {
    const name = `${createHash("sha256").update(script).digest("hex").slice(0, 20)}.js`;
    writeFileSync(join(place, name), script);
    return `<script${id} src="/_next/static/inline/${name}"></script>`;
  });
  const left = OTHERS.exec(page);
  if (left) {
    throw new Error(
      `${path} has something inline that a policy would refuse: ${page.slice(left.index, left.index + 200)}`,
    );
  }
  writeFileSync(path, page);
}
