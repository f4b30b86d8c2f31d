// The control plane's database, by a login whose rights end at what the function does.

import postgres from "postgres";

export type Sql = postgres.Sql;

// Supabase gives an isolate little memory, and its pooler few connections: one request needs one.
const OPTIONS = { max: 2, idle_timeout: 20, connect_timeout: 10, prepare: false } as const;

/** Return a client for the login whose URL the variable holds; it connects at the first query. */
export function connect(variable: string): Sql {
  return postgres(required(variable), { ...OPTIONS, connection: { application_name: "odooops-functions" } });
}

/** Return the value of a secret; a function without one does not start. */
export function required(variable: string): string {
  const value = Deno.env.get(variable);
  if (!value) {
    throw new Error(`${variable} is not set: supabase secrets set ${variable}=...`);
  }
  return value;
}

/** A refusal of the platform: its SQLSTATE is PT and the HTTP status, its message says what is wrong. */
export interface Refusal {
  status: number;
  message: string;
  hint: string | null;
}

/** Return what the platform refused, or null where the error is no refusal of it. */
export function refusal(error: unknown): Refusal | null {
  if (!(error instanceof postgres.PostgresError)) {
    return null;
  }
  const status = /^PT([45]\d\d)$/.exec(error.code)?.[1];
  return status === undefined ? null : { status: Number(status), message: error.message, hint: error.hint ?? null };
}
