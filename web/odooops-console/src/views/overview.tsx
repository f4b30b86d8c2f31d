"use client";

import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { useAbout } from "@/components/about";
import { useLoad } from "@/components/load";
import { Ago, Sha, Show, State, To } from "@/components/parts";
import { useTitle } from "@/components/title";
import { plain, webAddress } from "@/text/plain";
import { RunTable } from "./run-table";

const STAGES = ["production", "staging", "development"] as const;
const EVERY_MILLISECONDS = 15_000;

interface Seen {
  environments: Schemas["Environment"][];
  runs: Schemas["Run"][];
  waiting: Schemas["QueuedRun"][];
  incidents: Schemas["Incident"][];
}

/** A project at a glance: its branches by stage, what waits, the newest runs, what is wrong. */
export function Overview() {
  const project = useAbout("project");
  useTitle(project);
  const found = useLoad(`overview ${project}`, (api, signal) => read(api, project, signal), EVERY_MILLISECONDS);
  return (
    <>
      <h1>Branches of {project}</h1>
      <Show of={found}>
        {({ environments, runs, waiting, incidents }) => (
          <>
            {incidents.map((each) => (
              <p key={each.id} className="bad">
                <State word={each.status} /> {plain(each.title)}, <Ago at={each.opened_at} />
              </p>
            ))}
            <div className="lanes">
              {STAGES.map((stage) => (
                <Lane key={stage} stage={stage} environments={environments.filter((each) => each.stage === stage)} />
              ))}
            </div>
            {waiting.length > 0 && <h2>In the queue</h2>}
            <ol>
              {waiting.map((each) => (
                <li key={each.run_id}>
                  <To page="/run/" project={project} number={each.run_number}>
                    #{each.run_number}
                  </To>{" "}
                  {each.kind} of {each.partition_key ?? "the platform"} is {each.position}. in the queue
                  {each.waits_for && `: ${each.waits_for}`}
                </li>
              ))}
            </ol>
            <h2>Newest runs</h2>
            <RunTable project={project} runs={runs} />
          </>
        )}
      </Show>
    </>
  );
}

function Lane({ stage, environments }: { stage: string; environments: Schemas["Environment"][] }) {
  const id = `lane-${stage}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {stage[0]?.toUpperCase()}
        {stage.slice(1)} <span className="quiet">{environments.length}</span>
      </h2>
      {environments.length === 0 && <p className="quiet">No branch is here.</p>}
      {environments.map((each) => (
        <Branch key={each.id} environment={each} />
      ))}
    </section>
  );
}

function Branch({ environment }: { environment: Schemas["Environment"] }) {
  const { branch, status, url, deployed_sha, expires_at, last_used_at } = environment;
  const address = webAddress(url);
  return (
    <article className="card">
      <h3>
        {plain(branch)} <State word={status} />
      </h3>
      {address && status === "running" && (
        <p>
          <a href={address} rel="noreferrer">
            {address}
          </a>
        </p>
      )}
      <dl>
        <dt>Serves</dt>
        <dd>
          <Sha commit={deployed_sha} />
        </dd>
        {last_used_at && (
          <>
            <dt>Used</dt>
            <dd>
              <Ago at={last_used_at} />
            </dd>
          </>
        )}
        {expires_at && (
          <>
            <dt>Goes</dt>
            <dd>
              <Ago at={expires_at} />
            </dd>
          </>
        )}
      </dl>
    </article>
  );
}

async function read(api: Api, project: string, signal: AbortSignal): Promise<Seen> {
  const [environments, runs, queue, incidents] = await Promise.all([
    got(api.GET("/v1/environments", { params: { query: { project, limit: 500 } }, signal })),
    got(api.GET("/v1/runs", { params: { query: { project, limit: 10 } }, signal })),
    got(api.GET("/v1/queue", { signal })),
    got(api.GET("/v1/incidents", { params: { query: { project, status: "open", limit: 20 } }, signal })),
  ]);
  return {
    environments: environments.items.filter((each) => each.status !== "destroyed").toReversed(),
    runs: runs.items,
    waiting: queue.filter((each) => each.project_slug === project),
    incidents: incidents.items,
  };
}
