// POST /functions/v1/ops-ingest: what agents tell of their runs, in the tables that they had in schema ops before the
// platform and keep beside it. A run is named by its id; told twice, it is written once.
//
// Secrets: OPS_AGENTS_DB_URL, the URL of a login that may write the agents' tables; OPS_AGENTS_SECRET, the bearer.

import { connect, required, type Sql } from "../_shared/database.ts";
import { answer, bearer, isSame, problem } from "../_shared/http.ts";

interface Told {
  run_id: string;
  agent_id: string;
  status?: string;
  metadata?: Record<string, string | number | boolean | null>;
  events?: { idempotency_key: string; level?: string; message: string }[];
  artifacts?: { uri: string }[];
}

/** Answer a request. */
export async function handle(request: Request, sql: Sql): Promise<Response> {
  if (request.method !== "POST") {
    return problem(405, "A run is told by POST", "POST {run_id, agent_id, …}", { allow: "POST" });
  }
  if (!await isSame(bearer(request), required("OPS_AGENTS_SECRET"))) {
    return problem(401, "The secret is another one", "send Authorization: Bearer and OPS_AGENTS_SECRET");
  }
  const told: Told = await request.json();
  const events = await sql.begin((sql) => write(told, sql as unknown as Sql));
  return answer(200, { run_id: told.run_id, events });
}

/** Write a run with what happened to it, and return how many events it has. */
async function write(told: Told, sql: Sql): Promise<number> {
  // No constraint of theirs keeps an artifact single: two tellings of a run go one after the other.
  await sql`select pg_advisory_xact_lock(hashtextextended(${told.run_id}, 0))`;
  await sql`
    insert into ops.agent_runs (id, agent_id, metadata) values (${told.run_id}, ${told.agent_id}, ${
    sql.json(told.metadata ?? {})
  })
    on conflict (id) do nothing`;
  if (told.status !== undefined) {
    await sql`update ops.agent_runs set status = ${told.status} where id = ${told.run_id}`;
  }
  for (const event of told.events ?? []) {
    await sql`
      insert into ops.agent_run_events (run_id, idempotency_key, level, message)
      values (${told.run_id}, ${event.idempotency_key}, ${event.level ?? "info"}, ${event.message})
      on conflict (idempotency_key) do nothing`;
  }
  for (const { uri } of told.artifacts ?? []) {
    await sql`
      insert into ops.agent_artifacts (run_id, uri)
      select ${told.run_id}, ${uri}
      where not exists (select from ops.agent_artifacts where run_id = ${told.run_id} and uri = ${uri})`;
  }
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from ops.agent_run_events where run_id = ${told.run_id}`;
  return row.count;
}

if (import.meta.main) {
  const sql = connect("OPS_AGENTS_DB_URL");
  Deno.serve((request) => handle(request, sql));
}
