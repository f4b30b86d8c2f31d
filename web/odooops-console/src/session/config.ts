/** Where the console finds its gateway and, where people sign in there, Supabase; written by scripts/configure.mjs. */
export interface Config {
  gateway: string;
  supabaseUrl: string;
  supabaseAnonKey: string;
}

/** Return the configuration of this site. */
export async function readConfig(): Promise<Config> {
  const answer = await fetch("/config.json", { cache: "no-store" });
  const config = answer.ok ? ((await answer.json()) as Config) : undefined;
  if (!config?.gateway)
    throw new Error("No gateway is configured: set NEXT_PUBLIC_ODOOOPS_URL, and run npm run configure");
  return config;
}
