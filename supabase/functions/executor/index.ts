// POST /functions/v1/executor: starts the next pending run of an agent and answers it; who gets it, works on it.
//
// Secrets: OPS_AGENTS_DB_URL, the URL of a login that may write the agents' tables; OPS_AGENTS_SECRET, the bearer.

import { connect, required, type Sql } from "../_shared/database.ts";
import { answer, bearer, isSame, problem } from "../_shared/http.ts";

interface Run {
  id: string;
  metadata: Record<string, unknown>;
}

/** Answer a request with a run that nobody else gets, or with none. */
export async function handle(request: Request, sql: Sql): Promise<Response> {
  if (request.method !== "POST") {
    return problem(405, "A run is asked for by POST", "POST {agent_id}", { allow: "POST" });
  }
  if (!await isSame(bearer(request), required("OPS_AGENTS_SECRET"))) {
    return problem(401, "The secret is another one", "send Authorization: Bearer and OPS_AGENTS_SECRET");
  }
  const { agent_id }: { agent_id: string } = await request.json();
  const [run] = await sql<Run[]>`
    with next as (
      select id from ops.agent_runs where agent_id = ${agent_id} and status = 'pending'
      order by ticket limit 1 for update skip locked
    )
    update ops.agent_runs as r set status = 'running', started_at = now()
    from next where r.id = next.id returning r.id, r.metadata`;
  return answer(200, { run: run ?? null });
}

if (import.meta.main) {
  const sql = connect("OPS_AGENTS_DB_URL");
  Deno.serve((request) => handle(request, sql));
}
