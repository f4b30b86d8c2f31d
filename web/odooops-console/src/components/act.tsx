"use client";

import { type FormEvent, type ReactNode, useState } from "react";
import type { Api } from "@/api/client";
import { problemFrom } from "@/api/problem";
import { useSession } from "@/session/session";
import { Refusal } from "./refusal";

/** Says no before anything is asked of the API: a word that a person has to type, for example. */
export class NotYet extends Error {}

/**
 * A form that asks one thing of the API; a refusal stays beside it, as the database said it.
 *
 * @param act does it, with the form's fields and the value of the button that was pressed.
 */
export function Act({
  act,
  className = "",
  children,
}: {
  act: (api: Api, fields: FormData) => Promise<unknown>;
  className?: string;
  children: ReactNode;
}) {
  const { api } = useSession();
  const [problem, setProblem] = useState<Error>();
  const [isBusy, setBusy] = useState(false);

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) return; // pressed twice
    const fields = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
    setBusy(true);
    setProblem(undefined);
    try {
      await act(api, fields);
    } catch (thrown) {
      setProblem(thrown instanceof NotYet ? thrown : problemFrom(thrown));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={send} className={className} aria-busy={isBusy}>
      {children}
      {problem && <Refusal problem={problem} />}
    </form>
  );
}
