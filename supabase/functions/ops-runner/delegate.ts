// Who carries a phase out. An edge function has no processes, no disk and no container engine, and ends within minutes:
// it builds nothing and starts no Odoo. It asks a delegate over HTTP, signed as Standard Webhooks says.

import type { Run } from "./index.ts";

export interface Artifact {
  key: string;
  url: string;
  sha256: string;
  content_type?: string;
  size_bytes?: number;
}

/** What a delegate answers. */
export interface Outcome {
  status: "succeeded" | "failed";
  message?: string;
  url?: string;
  artifacts?: Artifact[];
}

export type Phase = "build" | "deploy";

/** Return the address of the phase's delegate, or null where there is none. */
export function delegateOf(phase: Phase): string | null {
  return Deno.env.get(`OPS_DELEGATE_${phase.toUpperCase()}_URL`) || null;
}

/** Have a phase carried out and return what came of it; the same attempt asks with the same id. */
export async function delegate(
  phase: Phase,
  run: Run,
  { url, secret, signal }: { url: string; secret: string; signal: AbortSignal },
): Promise<Outcome> {
  const body = JSON.stringify({
    phase,
    run_id: run.id,
    attempt: run.attempt,
    project: run.project_slug,
    environment: run.partition_key,
    kind: run.kind,
    git_ref: run.git_ref,
    git_sha: run.git_sha,
    config: run.config,
  });
  const id = `${run.id}/${run.attempt}/${phase}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const response = await fetch(url, {
    method: "POST",
    signal,
    redirect: "error", // a delegate elsewhere would get the signature
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${await sign(`${id}.${timestamp}.${body}`, secret)}`,
    },
    body,
  });
  if (!response.ok) {
    await response.body?.cancel();
    return { status: "failed", message: `the delegate of phase ${phase} answered ${response.status}` };
  }
  return outcome(await response.json());
}

/** Return the answer of a delegate, of which nothing is believed that has not the shape of one. */
function outcome(value: unknown): Outcome {
  const told = value as Partial<Outcome> | null;
  if (typeof told !== "object" || told === null || !["succeeded", "failed"].includes(told.status ?? "")) {
    return { status: "failed", message: "the delegate's answer names no status" };
  }
  return told as Outcome;
}

async function sign(text: string, secret: string): Promise<string> {
  const bytes = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(signature)));
}
