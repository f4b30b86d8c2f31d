"use client";

import { type ComponentType, createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { type Api, apiOf } from "@/api/client";
import { Login } from "@/components/login";
import { Refusal } from "@/components/refusal";
import type { Bearer } from "./bearer";
import { type Config, readConfig } from "./config";
import { keptKey } from "./key";
import { SupabaseLogin } from "./supabase";

/** The signed-in reader, and the API as that person sees it. */
export interface Session {
  api: Api;
  /** The gateway's address and the credential, for what no generated client reads: streams and files. */
  gateway: string;
  bearer: Bearer;
  signOut(): void;
}

const Context = createContext<Session | undefined>(undefined);

/** Return the session of the page. */
export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error("No one is signed in here");
  return session;
}

interface Doors {
  config: Config;
  supabase: SupabaseLogin | undefined;
}

/** Shows the page to who is signed in, and to others how to. */
export function SignedIn({
  frame: Frame,
  children,
}: {
  frame: ComponentType<{ children: ReactNode }>;
  children: ReactNode;
}) {
  const [doors, setDoors] = useState<Doors>();
  const [bearer, setBearer] = useState<Bearer>();
  const [problem, setProblem] = useState<Error>();

  useEffect(() => {
    let stop: (() => void) | undefined;
    let isGone = false;
    openDoors()
      .then((found) => {
        if (isGone) return;
        setBearer(keptKey());
        stop = found.supabase?.watch((known) => setBearer((now) => sameOr(now, keptKey() ?? known)));
        setDoors(found);
      })
      .catch(setProblem);
    return () => {
      isGone = true;
      stop?.();
    };
  }, []);

  const session = useMemo<Session | undefined>(() => {
    if (!doors || !bearer) return undefined;
    const signOut = () => void bearer.signOut().finally(() => setBearer(undefined));
    const { gateway } = doors.config;
    return { api: apiOf(gateway, bearer.credential), gateway, bearer, signOut };
  }, [doors, bearer]);

  if (session) return <Context value={session}>{children}</Context>;
  return (
    <Frame>
      {problem ? (
        <Refusal problem={problem} />
      ) : doors ? (
        <Login supabase={doors.supabase} entered={setBearer} />
      ) : (
        <p role="status">Loading…</p>
      )}
    </Frame>
  );
}

/** Return the bearer of now where it is the same one: Supabase tells it again whenever its tab is looked at. */
function sameOr(now: Bearer | undefined, next: Bearer | undefined): Bearer | undefined {
  return now && now.name === next?.name ? now : next;
}

async function openDoors(): Promise<Doors> {
  const config = await readConfig();
  return { config, supabase: await SupabaseLogin.of(config) };
}
