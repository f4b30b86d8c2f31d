// POST /functions/v1/ops-runner: claim one run, have its phases carried out, and record what came of them.
//
//   build    by its delegate: the image, its build log and its bill of materials
//   deploy   by its delegate: what runs, its manifest, and the pointer to the bundle of evidence
//   smoke    here: the address that the deployment answered is asked until it answers 200
//
// What has no delegate goes back to the queue for the platform's own workers, before anything began. A delegate that needs
// longer than the function may live loses its attempt with the lease, as every worker that is killed.
//
// Secrets: OPS_WORKER_DB_URL, the URL of the login ops_worker; OPS_RUNNER_SECRET, which the caller sends as bearer;
// OPS_DELEGATE_BUILD_URL and OPS_DELEGATE_DEPLOY_URL with OPS_DELEGATE_SECRET (whsec_ and base64).

import { connect, refusal, required, type Sql } from "../_shared/database.ts";
import { answer, bearer, isSame, problem } from "../_shared/http.ts";
import { type Artifact, delegate, delegateOf, type Outcome, type Phase } from "./delegate.ts";

/** The fields of ops.run_details that phases need. */
export interface Run {
  id: string;
  attempt: number;
  project_slug: string;
  partition_key: string | null;
  kind: string;
  git_ref: string | null;
  git_sha: string | null;
  config: Record<string, unknown>;
}

const WORKER = `ops-runner/${Deno.env.get("SB_REGION") ?? "local"}`;
const LEASE_SECONDS = 60;
const HEARTBEAT_SECONDS = Number(Deno.env.get("OPS_RUNNER_HEARTBEAT_SECONDS") ?? "15");
const SMOKE_TRIES = 10;
const PHASES: Record<string, Phase[]> = { build: ["build"], deploy: ["build", "deploy"] };
// What a phase has to leave behind.
const PROOFS: Record<Phase, string[]> = {
  build: ["build.log", "sbom.json"],
  deploy: ["deployment-manifest.json", "evidence-bundle.json"],
};

/** Answer a request: at most one run is worked on. */
export async function handle(request: Request, sql: Sql): Promise<Response> {
  if (request.method !== "POST") {
    return problem(405, "A run is asked for by POST", "POST without a body", { allow: "POST" });
  }
  if (!await isSame(bearer(request), required("OPS_RUNNER_SECRET"))) {
    return problem(401, "The secret is another one", "send Authorization: Bearer and OPS_RUNNER_SECRET");
  }
  if (delegateOf("build") === null) {
    return problem(503, "No delegate builds", "supabase secrets set OPS_DELEGATE_BUILD_URL=…; nothing was claimed");
  }
  const [run] = await sql<Run[]>`select * from ops.claim_next_run(${WORKER}, ${LEASE_SECONDS})`;
  if (run === undefined) {
    return answer(200, { status: "idle", message: "no run can start now" });
  }
  const missing = lacking(run);
  if (missing !== null) {
    await sql`select ops.requeue_run(${run.id}, ${run.attempt}, ${missing})`;
    return answer(200, { status: "queued", run_id: run.id, message: missing });
  }
  return await work(run, sql);
}

/** Return why the run cannot be worked on here, or null. */
function lacking(run: Run): string | null {
  const phases = PHASES[run.kind];
  if (phases === undefined) {
    return `ops-runner carries out no ${run.kind} run`;
  }
  const phase = phases.find((name) => delegateOf(name) === null);
  return phase === undefined ? null : `ops-runner has no delegate for phase ${phase}`;
}

/** Carry a run out under its lease, and end it. */
async function work(run: Run, sql: Sql): Promise<Response> {
  const stop = new AbortController();
  let isCanceled = false;
  const beat = setInterval(async () => {
    try {
      const [row] = await sql<[{ asked: boolean }]>`
        select ops.heartbeat_run(${run.id}, ${WORKER}, ${run.attempt}, ${LEASE_SECONDS}) as asked`;
      if (row.asked) {
        isCanceled = true;
        stop.abort(new Error("a cancel was asked for"));
      }
    } catch (error) {
      if (refusal(error) !== null) { // the attempt is another's by now
        stop.abort(error);
      }
    }
  }, HEARTBEAT_SECONDS * 1000);
  try {
    await sql`select ops.start_workflow_run(${run.id}, ${WORKER}, ${run.attempt})`;
    const failure = await phases(run, sql, stop.signal).catch(reason);
    const [row] = await sql<[{ status: string }]>`
      select ops.complete_workflow_run(
        ${run.id}, ${failure === null ? 0 : 1}, ${failure}, ${run.attempt}, ${WORKER}, ${isCanceled}
      ) as status`;
    return answer(200, { status: row.status, run_id: run.id, message: failure });
  } catch (error) {
    const refused = refusal(error);
    if (refused === null) {
      throw error;
    }
    return answer(200, { status: "lost", run_id: run.id, message: refused.message });
  } finally {
    clearInterval(beat);
  }
}

/** Carry the phases out one after the other and return why one failed, or null. */
async function phases(run: Run, sql: Sql, signal: AbortSignal): Promise<string | null> {
  const secret = required("OPS_DELEGATE_SECRET");
  let address: string | undefined;
  for (const phase of PHASES[run.kind] ?? []) {
    await tell(sql, run, "info", `${phase} started`);
    const outcome = await delegate(phase, run, { url: delegateOf(phase) ?? "", secret, signal });
    const failure = await record(phase, run, sql, outcome);
    if (failure !== null) {
      return failure;
    }
    address = outcome.url ?? address;
    await tell(sql, run, "info", `${phase} done`);
  }
  return run.kind === "deploy" ? await smoke(run, sql, address, signal) : null;
}

/** Record the files of a phase and return why it does not count, or null. */
async function record(phase: Phase, run: Run, sql: Sql, outcome: Outcome): Promise<string | null> {
  const artifacts = Array.isArray(outcome.artifacts) ? outcome.artifacts : [];
  for (const artifact of artifacts) {
    await keep(artifact, run, sql);
  }
  const absent = PROOFS[phase].filter((key) => !artifacts.some((artifact) => artifact.key === key));
  const failure = outcome.status === "failed"
    ? outcome.message ?? `${phase} failed`
    : absent.length > 0
    ? `${phase} left no ${absent.join(" and no ")}`
    : null;
  if (failure !== null) {
    await tell(sql, run, "error", `${phase} failed: ${failure}`);
  }
  return failure;
}

async function keep(artifact: Artifact, run: Run, sql: Sql): Promise<void> {
  await sql`
    select ops.add_run_artifact(
      ${run.id}, ${artifact.key}, ${artifact.url}, ${artifact.sha256},
      ${artifact.content_type ?? "application/octet-stream"}, ${artifact.size_bytes ?? 0}, null, ${run.attempt}
    )`;
}

/** Ask the deployment until it answers, and return why it does not, or null. */
async function smoke(run: Run, sql: Sql, address: string | undefined, signal: AbortSignal): Promise<string | null> {
  if (address === undefined) {
    return "the deployment named no address";
  }
  await tell(sql, run, "info", "smoke started");
  let seen = "nothing";
  for (let left = SMOKE_TRIES; left > 0; left--) {
    signal.throwIfAborted();
    try {
      const response = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
      await response.body?.cancel();
      seen = String(response.status);
      if (response.status === 200) {
        await tell(sql, run, "info", `smoke done: ${address} answers`);
        return null;
      }
    } catch (error) {
      seen = reason(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const failure = `${address} answers ${seen}`;
  await tell(sql, run, "error", `smoke failed: ${failure}`);
  return failure;
}

async function tell(sql: Sql, run: Run, level: string, message: string): Promise<void> {
  await sql`select ops.append_event(${run.id}, ${level}, ${message}, ${sql.json({})}, ${run.attempt})`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.main) {
  const sql = connect("OPS_WORKER_DB_URL");
  Deno.serve((request) => handle(request, sql));
}
