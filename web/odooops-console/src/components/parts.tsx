"use client";

import Link from "next/link";
import type { ReactNode } from "react";
import { useEffect, useState } from "react";
import { agoText, words } from "@/text/words";
import type { Loaded } from "./load";
import { Refusal } from "./refusal";

/** A state in its colour and, for who sees none, in its word. */
export function State({ word }: { word: string }) {
  return <span className={`state ${word}`}>{words(word)}</span>;
}

/** How long ago a moment was, with the moment itself beside it. */
export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (!at) return "–";
  const utc = new Date(at).toISOString();
  return (
    <time dateTime={utc} title={`${utc.slice(0, 19).replace("T", " ")} UTC`}>
      {agoText(at, now)}
    </time>
  );
}

/** The beginning of a commit. */
export function Sha({ commit }: { commit: string | null | undefined }) {
  return commit ? <code>{commit.slice(0, 10)}</code> : "–";
}

/** A link to a page of this site, with what it is about. */
export function To({ page, children, ...about }: { page: string; children: ReactNode } & Record<string, ReactNode>) {
  return (
    <Link href={placeOf(page, about as Record<string, string | number>)} prefetch={false}>
      {children}
    </Link>
  );
}

/** Return the address of a page about something. */
export function placeOf(page: string, about: Record<string, string | number> = {}): string {
  const query = new URLSearchParams(Object.entries(about).map(([name, value]) => [name, String(value)]));
  return `${page}?${query}`;
}

/** A table that scrolls by itself on a narrow page, by keyboard too. */
export function Table({ name, heads, children }: { name: string; heads: string[]; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className="scroll" tabIndex={0} aria-label={name}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

/** The one row of a table without any. */
export function Nothing({ columns, children }: { columns: number; children: ReactNode }) {
  return (
    <tr>
      <td colSpan={columns}>{children}</td>
    </tr>
  );
}

/** What was read, once it is; why it cannot be, beside what is known still. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ReactNode }) {
  return (
    <>
      {of.problem && <Refusal problem={of.problem} />}
      {of.data === undefined ? !of.problem && <p role="status">Loading…</p> : children(of.data)}
    </>
  );
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
