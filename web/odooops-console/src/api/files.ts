import type { Session } from "@/session/session";
import { problemOf } from "./problem";

/** Open what is no JSON: a stream or a file; throws what the API says of one that it refuses. */
export async function opened({ gateway, bearer }: Session, path: string, signal?: AbortSignal): Promise<Response> {
  const headers = { Authorization: `Bearer ${await bearer.credential()}` };
  const answer = await fetch(gateway + path, { headers, signal, credentials: "omit", cache: "no-store" });
  if (!answer.ok) throw problemOf(answer.status, await answer.json().catch(() => undefined));
  return answer;
}

/** Hand a file to the browser to keep; it is never opened as a page of this site. */
export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  link.download = name.replaceAll(/[^\w.-]/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
