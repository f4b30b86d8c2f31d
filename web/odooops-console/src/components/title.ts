import { useEffect } from "react";

/** Name the page, for its tab and for who hears it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · OdooOps`;
  }, [title]);
}
