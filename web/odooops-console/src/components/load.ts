"use client";

import { useCallback, useEffect, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { type Problem, problemFrom } from "@/api/problem";
import { useSession } from "@/session/session";

/** What a page has read, or why not; `reload` reads it again and keeps what is shown meanwhile. */
export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  reload(): void;
}

interface Read<T> {
  key: string;
  data?: T;
  problem?: Problem;
}

/**
 * Read what a page shows, as the signed-in person.
 *
 * @param key names what is read: another key reads anew and shows nothing meanwhile.
 * @param load reads it.
 * @param every after so many milliseconds it is read again, while somebody looks at the page.
 */
export function useLoad<T>(
  key: string,
  load: (api: Api, signal: AbortSignal) => Promise<T>,
  every?: number,
): Loaded<T> {
  const { api } = useSession();
  const [read, setRead] = useState<Read<T>>({ key });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn is a reason to read again
  useEffect(() => {
    const gone = new AbortController();
    latest
      .current(api, gone.signal)
      .then((data) => setRead({ key, data }))
      .catch((thrown) => {
        if (gone.signal.aborted) return;
        const problem = problemFrom(thrown);
        setRead((now) => (now.key === key && now.data !== undefined ? { ...now, problem } : { key, problem }));
      });
    return () => gone.abort();
  }, [api, key, turn]);

  const reload = useCallback(() => setTurn((now) => now + 1), []);
  useEffect(() => {
    if (!every) return;
    const timer = setInterval(() => document.hidden || reload(), every);
    return () => clearInterval(timer);
  }, [every, reload]);

  return read.key === key
    ? { data: read.data, problem: read.problem, reload }
    : { data: undefined, problem: undefined, reload };
}
