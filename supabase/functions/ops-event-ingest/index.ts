// POST /functions/v1/ops-event-ingest: hands an event to ops.receive_event, as POST /v1/events of the gateway does.
//
// The database decides everything: the key's rights, the envelope, the repeat, and the answer. This function reads the
// body up to its limit and finds the key. Its login is ops_gateway, which may do nothing without a key that is in force.
//
// Secret: OPS_GATEWAY_DB_URL, the URL of the login ops_gateway.

import { connect, type Sql } from "../_shared/database.ts";
import { answer, bearer, problem, sha256 } from "../_shared/http.ts";

// The limit of ops.receive_event.
const MAX_BODY_BYTES = 256 * 1024;
const KEY = /^opsk_([0-9a-f]{12})_[0-9a-f]{64}$/;
const TRY_AGAIN = "Send the event again: it has a key, and is written once.";

interface Receipt {
  http_status: number;
  status: string;
  message: string;
  field?: string | null;
  hint?: string | null;
  ids?: Record<string, unknown>;
}

/** Answer a request. */
export async function handle(request: Request, sql: Sql): Promise<Response> {
  if (request.method !== "POST") {
    return problem(405, "An event is posted", "POST the envelope", { allow: "POST" });
  }
  const key = bearer(request);
  const prefix = KEY.exec(key)?.[1];
  if (prefix === undefined) {
    return problem(
      401,
      "The Authorization header carries no key",
      "send Authorization: Bearer opsk_…; ops key create makes one",
      { "www-authenticate": "Bearer" },
    );
  }
  const digest = await sha256(key);
  const { body, size } = await read(request);
  try {
    const [row] = await sql<[{ receipt: Receipt }]>`
      select ops.receive_event(${body}::bytea, ${prefix}::text, ${digest}::text, ${size}::bigint) as receipt`;
    return receipt(row.receipt);
  } catch (error) {
    // What the sender did wrong is an answer; what is raised is the database's own trouble.
    console.error("ops.receive_event:", error instanceof Error ? error.message : "failed");
    return problem(503, "The control plane's database does not answer", TRY_AGAIN);
  }
}

/** Return the body; nothing and its size where it is too large, unread if its length was announced. */
async function read(request: Request): Promise<{ body: Uint8Array; size: number | null }> {
  const nothing = new Uint8Array();
  const announced = Number(request.headers.get("content-length") ?? "0");
  if (announced > MAX_BODY_BYTES) {
    return { body: nothing, size: announced };
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      return { body: nothing, size: MAX_BODY_BYTES + 1 };
    }
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  chunks.reduce((offset, chunk) => (body.set(chunk, offset), offset + chunk.length), 0);
  return { body, size: null };
}

/** Return the answer of the database with its status, in the fields that the gateway answers. */
function receipt({ http_status, status, message, field, hint, ids }: Receipt): Response {
  return answer(
    http_status,
    { status, message, field: field ?? null, hint: hint ?? null, ids: ids ?? {} },
    http_status === 401 ? { "www-authenticate": "Bearer" } : {},
  );
}

if (import.meta.main) {
  const sql = connect("OPS_GATEWAY_DB_URL");
  Deno.serve((request) => handle(request, sql));
}
