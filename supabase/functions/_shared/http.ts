// Requests and answers that every function shares.

/** Return a JSON answer. */
export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** Return the fault of a request and what to do about it, as the gateway words it. */
export function problem(status: number, error: string, hint: string | null, headers = {}): Response {
  return answer(status, { error, hint }, headers);
}

/** Return the token of the Authorization header; empty without one. */
export function bearer(request: Request): string {
  return /^bearer +(.*?) *$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
}

/** Return the SHA-256 of a text, in hexadecimal digits. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return whether two secrets are the same, in a time that tells nothing of where they differ. */
export async function isSame(one: string, other: string): Promise<boolean> {
  return await sha256(one) === await sha256(other);
}
