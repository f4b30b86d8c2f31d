import type { Bearer } from "./bearer";

// Of this tab alone: it is forgotten when the tab is closed.
const PLACE = "odooops-key";
const SHAPE = /^opsk_[0-9a-f]{12}_[0-9a-f]{64}$/;

/** Keep a pasted key for this tab, and return its bearer; undefined where it is none. */
export function keepKey(pasted: string): Bearer | undefined {
  const key = pasted.trim();
  if (!SHAPE.test(key)) return undefined;
  sessionStorage.setItem(PLACE, key);
  return keptKey();
}

/** Return the bearer of the key that this tab keeps. */
export function keptKey(): Bearer | undefined {
  const key = sessionStorage.getItem(PLACE);
  if (!key) return undefined;
  return {
    name: `key ${key.split("_")[1]}`,
    credential: async () => key,
    signOut: async () => sessionStorage.removeItem(PLACE),
  };
}
