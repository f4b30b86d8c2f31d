import { type Api, got, type Schemas } from "./client";
import { Problem } from "./problem";

export const FINISHED: ReadonlySet<string> = new Set(["succeeded", "failed", "canceled"]);

/** Return the project's run of this number. */
export async function runOf(api: Api, project: string, number: string, signal?: AbortSignal): Promise<Schemas["Run"]> {
  const query = { project, number: Number(number), limit: 1 };
  const [run] = (await got(api.GET("/v1/runs", { params: { query }, signal }))).items;
  if (!run) throw new Problem(404, `There is no run ${project}#${number}`, "see the project's runs");
  return run;
}
