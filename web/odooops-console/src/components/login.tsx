"use client";

import { type FormEvent, useId, useState } from "react";
import type { Bearer } from "@/session/bearer";
import { keepKey } from "@/session/key";
import type { SupabaseLogin } from "@/session/supabase";
import { Refusal } from "./refusal";
import { useTitle } from "./title";

interface Entered {
  entered(bearer: Bearer): void;
}

/** How to sign in: at Supabase where this site has one, else or as well with a key. */
export function Login({ supabase, entered }: Entered & { supabase: SupabaseLogin | undefined }) {
  useTitle("Sign in");
  return (
    <>
      <h1>Sign in</h1>
      {supabase && <WithSupabase supabase={supabase} />}
      <WithKey entered={entered} />
    </>
  );
}

function WithSupabase({ supabase }: { supabase: SupabaseLogin }) {
  const [told, setTold] = useState<string>();
  const [problem, setProblem] = useState<Error>();
  const id = useId();

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
    const email = String(form.get("email"));
    const isLink = form.get("by") === "link";
    setProblem(undefined);
    const asked = isLink ? supabase.sendLink(email) : supabase.enter(email, String(form.get("password")));
    asked.then(() => isLink && setTold(`A link is on its way to ${email}.`)).catch(setProblem);
  }

  return (
    <form onSubmit={send} className="card">
      <p>
        <label htmlFor={`${id}-email`}>E-mail</label>
        <input id={`${id}-email`} name="email" type="email" required autoComplete="username" />
      </p>
      <p>
        <label htmlFor={`${id}-password`}>Password</label>
        <input id={`${id}-password`} name="password" type="password" autoComplete="current-password" />
      </p>
      <p className="row">
        <button type="submit" name="by" value="password">
          Sign in
        </button>
        <button type="submit" name="by" value="link" className="plain">
          Send me a link
        </button>
      </p>
      {problem && <Refusal problem={problem} />}
      <p role="status">{told}</p>
    </form>
  );
}

function WithKey({ entered }: Entered) {
  const [problem, setProblem] = useState<Error>();
  const id = useId();

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const bearer = keepKey(String(new FormData(event.currentTarget).get("key")));
    if (bearer) entered(bearer);
    else setProblem(new Error("This is no key: it begins with opsk_, and ops key create shows it once"));
  }

  return (
    <form onSubmit={send} className="card">
      <p>
        <label htmlFor={id}>Key of ops key create</label>
        <input id={id} name="key" type="password" required autoComplete="off" spellCheck={false} />
      </p>
      <p>
        <button type="submit">Use the key in this tab</button>
      </p>
      {problem && <Refusal problem={problem} />}
    </form>
  );
}
