// Escape sequences of terminals, control characters, and marks that reverse the order of text: a log's bytes are
// anybody's. Source: ECMA-48, UTS 55. The gateway's own console removes the same.
const HOSTILE =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Return text without what is no text. */
export function plain(text: string): string {
  return text.replace(HOSTILE, "");
}

/** Return the address if a browser may open it as a page; undefined for what would run something. */
export function webAddress(text: string | null | undefined): string | undefined {
  return text && /^https?:\/\//i.test(text) ? text : undefined;
}
