/** What the API refused, in its own words; `hint` is the next action. */
export class Problem extends Error {
  override name = "Problem";

  constructor(
    readonly status: number,
    detail: string,
    readonly hint: string | null = null,
  ) {
    super(detail);
  }
}

interface Told {
  detail?: unknown;
  hint?: unknown;
  faults?: { field: string; reason: string }[];
}

/** Return the problem of an answer: its body as application/problem+json has it, if it is one. */
export function problemOf(status: number, told: unknown): Problem {
  const { detail, hint, faults } = (typeof told === "object" && told !== null ? told : {}) as Told;
  const named = (faults ?? []).map((each) => `${each.field}: ${each.reason}`).join("; ");
  const text = [typeof detail === "string" ? detail : `The gateway answered ${status}`, named]
    .filter(Boolean)
    .join(": ");
  return new Problem(status, text, typeof hint === "string" ? hint : null);
}

/** Return the problem of whatever was thrown: a gateway that cannot be reached throws no answer. */
export function problemFrom(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem(
    0,
    "The gateway cannot be reached",
    "try again; its ODOOOPS_API_ORIGINS has to list this site's origin",
  );
}
