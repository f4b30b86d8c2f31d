"use client";

import { useRouter } from "next/navigation";
import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { FINISHED, runOf } from "@/api/runs";
import { useAbout, useMay } from "@/components/about";
import { Act } from "@/components/act";
import { useLoad } from "@/components/load";
import { Ago, placeOf, Sha, Show, State, Table } from "@/components/parts";
import { useTitle } from "@/components/title";
import { plain } from "@/text/plain";
import { durationText, secondsBetween, words } from "@/text/words";
import { FileTable } from "./file-table";
import { Log } from "./log";

interface Seen {
  run: Schemas["Run"];
  outlook: Schemas["Outlook"];
  usual: number | null;
  steps: Schemas["Step"][];
  checks: Schemas["RunCheck"][];
  artifacts: Schemas["RunArtifact"][];
}

/** A run: how it goes and why, its steps, checks and files, and its log. */
export function RunPage() {
  const project = useAbout("project");
  const number = useAbout("number");
  useTitle(`${project}#${number}`);
  const found = useLoad(`run ${project} ${number}`, (api, signal) => read(api, project, number, signal));
  const run = found.data?.run;
  return (
    <>
      <h1>
        {project}#{number} {run && <small>{run.kind}</small>} {run && <State word={run.status} />}
      </h1>
      <Show of={found}>
        {(seen) => (
          <>
            <About {...seen} />
            <Buttons project={project} run={seen.run} changed={found.reload} />
            <Steps steps={seen.steps} />
            <Checks checks={seen.checks} />
            {seen.artifacts.length > 0 && <h2>Artifacts</h2>}
            {seen.artifacts.length > 0 && <FileTable project={project} run={seen.run} files={seen.artifacts} />}
            <h2>Log</h2>
            <Log
              key={seen.run.id}
              project={project}
              run={seen.run}
              isLive={!FINISHED.has(seen.run.status)}
              changed={found.reload}
            />
          </>
        )}
      </Show>
    </>
  );
}

function About({ run, outlook, usual }: Seen) {
  const worked = durationText(secondsBetween(run.started_at, run.finished_at));
  return (
    <>
      {run.error_message && (
        <p className="bad">
          <strong>{plain(run.error_message)}</strong>
        </p>
      )}
      {run.fault && <p>Who has to act: {run.fault === "project" ? "who pushed" : "who operates the platform"}.</p>}
      {outlook.waits_for && (
        <p>
          It is {outlook.position}. in the queue: {outlook.waits_for}.
        </p>
      )}
      {outlook.expected_end && (
        <p>
          It may end <Ago at={outlook.expected_end} />.
        </p>
      )}
      <dl className="wide">
        <dt>Branch</dt>
        <dd>{plain(run.partition_key ?? "–")}</dd>
        <dt>Commit</dt>
        <dd>
          <Sha commit={run.git_sha} />
        </dd>
        <dt>Asked</dt>
        <dd>
          <Ago at={run.created_at} /> by {plain(run.requested_by ?? run.trigger)}
        </dd>
        <dt>Worked</dt>
        <dd>
          {worked}, usually {durationText(usual)}
        </dd>
        <dt>Attempt</dt>
        <dd>
          {run.attempt} of {run.max_attempts}
        </dd>
      </dl>
    </>
  );
}

/** Cancel and run again, for who may; the database says so, and decides again when it is asked. */
function Buttons({ project, run, changed }: { project: string; run: Schemas["Run"]; changed: () => void }) {
  const may = useMay(project);
  const router = useRouter();
  const params = { path: { run_id: run.id } };
  if (!may.has("queue_build")) return null;
  if (!FINISHED.has(run.status)) {
    const cancel = (api: Api) => got(api.POST("/v1/runs/{run_id}/cancel", { params, body: {} })).then(changed);
    return (
      <Act act={cancel}>
        <button type="submit" className="danger">
          Cancel
        </button>
      </Act>
    );
  }
  const retry = async (api: Api) => {
    const again = await got(api.POST("/v1/runs/{run_id}/retry", { params }));
    router.push(placeOf("/run/", { project, number: again.run_number }));
  };
  return (
    <Act act={retry}>
      <button type="submit">Run again</button>
    </Act>
  );
}

function Steps({ steps }: { steps: Schemas["Step"][] }) {
  if (steps.length === 0) return null;
  return (
    <>
      <h2>Steps</h2>
      <Table name="Steps" heads={["Step", "Took", "Usually"]}>
        {steps.map((each) => (
          <tr key={each.step} className={isSlow(each) ? "slow" : undefined}>
            <td>{each.step}</td>
            <td>{durationText(each.seconds)}</td>
            <td>{durationText(each.usual_seconds)}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function isSlow({ seconds, usual_seconds }: Schemas["Step"]): boolean {
  return Boolean(seconds && usual_seconds && seconds > 2 * usual_seconds);
}

function Checks({ checks }: { checks: Schemas["RunCheck"][] }) {
  if (checks.length === 0) return null;
  return (
    <>
      <h2>Checks</h2>
      <ul className="checks">
        {checks.map((each) => (
          <li key={each.id}>
            <p>
              <State word={answerOf(each)} /> {words(each.name)}
            </p>
            <p>{plain(each.summary)}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function answerOf({ passed, blocking, metadata }: Schemas["RunCheck"]): string {
  if (metadata.asked === false) return "not asked";
  return passed ? "passed" : blocking ? "failed" : "warning";
}

async function read(api: Api, project: string, number: string, signal: AbortSignal): Promise<Seen> {
  const run = await runOf(api, project, number, signal);
  const params = { path: { run_id: run.id } };
  const [outlook, usual, steps, checks, artifacts] = await Promise.all([
    got(api.GET("/v1/runs/{run_id}/outlook", { params, signal })),
    got(
      api.GET("/v1/projects/{project}/usual-durations/{kind}", {
        params: { path: { project, kind: run.kind } },
        signal,
      }),
    ),
    got(api.GET("/v1/runs/{run_id}/steps", { params, signal })),
    got(api.GET("/v1/runs/{run_id}/checks", { params, signal })),
    got(api.GET("/v1/runs/{run_id}/artifacts", { params, signal })),
  ]);
  const ofNow = checks.filter((each) => each.attempt === run.attempt);
  return { run, outlook, usual: usual.usual_duration ?? null, steps, checks: ofNow, artifacts };
}
