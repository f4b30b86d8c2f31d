"use client";

import { useSearchParams } from "next/navigation";
import type { Api } from "@/api/client";
import { got } from "@/api/client";
import { useLoad } from "./load";

/** Return what the page's address says it is about; empty where it does not. */
export function useAbout(name: string): string {
  return useSearchParams().get(name) ?? "";
}

/** Return what the reader may do in the project, as the database says: a button is drawn for nobody else. */
export function useMay(project: string): ReadonlySet<string> {
  const { data } = useLoad(`may ${project}`, (api, signal) => mayOf(api, project, signal));
  return data ?? NOTHING;
}

async function mayOf(api: Api, project: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  if (!project) return NOTHING;
  const params = { path: { project } };
  return new Set(await got(api.GET("/v1/projects/{project}/permissions", { params, signal })));
}

const NOTHING: ReadonlySet<string> = new Set();
