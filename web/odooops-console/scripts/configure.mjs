// Write where the console finds its gateway and Supabase: config.json, and the policy of every page, which lets a page
// talk to these two and to nobody else. It may be run again on a finished export, for another place.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pagesOf } from "./pages.mjs";

const POLICY = /<meta http-equiv="Content-Security-Policy"[^>]*\/>/;
const HEAD = /<meta charSet="utf-8"\/>/;

const [folder = "out"] = process.argv.slice(2);
const config = {
  gateway: originOf("NEXT_PUBLIC_ODOOOPS_URL"),
  supabaseUrl: originOf("NEXT_PUBLIC_SUPABASE_URL"),
  supabaseAnonKey: process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY ?? "",
};
if (!config.gateway) {
  console.warn("NEXT_PUBLIC_ODOOOPS_URL names no gateway: set it, and run `npm run configure`");
}
if (Boolean(config.supabaseUrl) !== Boolean(config.supabaseAnonKey)) {
  throw new Error("NEXT_PUBLIC_SUPABASE_URL and NEXT_PUBLIC_SUPABASE_ANON_KEY go together: set both or none");
}
writeFileSync(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  ["connect-src 'self'", config.gateway, config.supabaseUrl].filter(Boolean).join(" "),
  "base-uri 'none'",
  "form-action 'self'",
].join("; ");
const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}"/>`;
for (const path of pagesOf(folder)) {
  const page = readFileSync(path, "utf8").replace(POLICY, "");
  if (!HEAD.test(page)) {
    throw new Error(`${path} has no place for a policy: its head does not begin with the character set`);
  }
  writeFileSync(
    path,
    page.replace(HEAD, (head) => head + meta),
  );
}

/** Return the origin that the variable names, as browsers write it; empty where it is not set. */
function originOf(name) {
  const value = process.env[name] ?? "";
  if (!value) return "";
  const url = new URL(value);
  if (!/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search || url.hash) {
    throw new Error(`${name} is ${value}; write an address without a path, such as https://odooops.example.com`);
  }
  return url.origin;
}
