"use client";

import { useRouter } from "next/navigation";
import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { Problem } from "@/api/problem";
import { useAbout, useMay } from "@/components/about";
import { Act, NotYet } from "@/components/act";
import { useLoad } from "@/components/load";
import { Ago, placeOf, Sha, Show, State } from "@/components/parts";
import { useTitle } from "@/components/title";
import { plain } from "@/text/plain";
import { GateCard, type GateSeen, readGate } from "./gate";

const STAGES = ["staging", "production"] as const;

interface Seen {
  release: Schemas["Release"];
  mayGo: Schemas["Eligibility"];
  requirements: Record<(typeof STAGES)[number], Schemas["Requirement"][]>;
  gates: GateSeen[];
  shown: string;
}

/** A release: every requirement of its promotion, its gates, who decided what by which evidence. */
export function ReleasePage() {
  const project = useAbout("project");
  const version = useAbout("version");
  useTitle(`${version} of ${project}`);
  const found = useLoad(`release ${project} ${version}`, (api, signal) => read(api, project, version, signal));
  const may = useMay(project);
  const release = found.data?.release;
  return (
    <>
      <h1>
        {plain(version)} {release && <State word={release.status} />}
      </h1>
      <Show of={found}>
        {(seen) => (
          <>
            <About release={seen.release} />
            {STAGES.map((stage) => (
              <Way key={stage} project={project} stage={stage} seen={seen} may={may} />
            ))}
            <h2>Gates</h2>
            <div className="lanes four">
              {seen.gates.map((each) => (
                <GateCard key={each.gate.gate_id} seen={each} shown={seen.shown} may={may} changed={found.reload} />
              ))}
            </div>
          </>
        )}
      </Show>
    </>
  );
}

function About({ release }: { release: Schemas["Release"] }) {
  return (
    <dl className="wide">
      <dt>Author</dt>
      <dd>
        {plain(release.created_by)}, <Ago at={release.created_at} />
      </dd>
      {Object.entries(release.git_shas).map(([name, commit]) => (
        <div key={name} className="pair">
          <dt>{plain(name)}</dt>
          <dd>
            <Sha commit={commit} />
          </dd>
        </div>
      ))}
      <dt>Image</dt>
      <dd>
        <code>{release.image_digest.slice(0, 23)}…</code>
      </dd>
    </dl>
  );
}

interface WayOf {
  project: string;
  stage: (typeof STAGES)[number];
  seen: Seen;
  may: ReadonlySet<string>;
}

/** Whether the release may go to a stage: each requirement as the database answers it, and the button if all are met. */
function Way({ project, stage, seen, may }: WayOf) {
  const rows = seen.requirements[stage];
  const missing = rows.filter((each) => !each.is_met);
  const id = `to-${stage}`;
  return (
    <section aria-labelledby={id} className="card">
      <h2 id={id}>To {stage}</h2>
      <ul className="checks">
        {rows.map((each) => (
          <li key={each.requirement}>
            <span className={`state ${each.is_met ? "passed" : "pending"}`}>{each.is_met ? "met" : "not met"}</span>{" "}
            <strong>{each.requirement}</strong> {plain(each.detail)}
          </li>
        ))}
      </ul>
      {missing.length > 0 ? (
        <p>
          It may not go to {stage} yet: {missing.map((each) => each.requirement).join(", ")}.
        </p>
      ) : !may.has("promote") ? (
        <p>It may go to {stage}. A release manager promotes it.</p>
      ) : (
        <Promote project={project} stage={stage} releaseId={seen.release.id} />
      )}
    </section>
  );
}

function Promote({ project, stage, releaseId }: { project: string; stage: string; releaseId: string }) {
  const router = useRouter();
  async function promote(api: Api, fields: FormData) {
    if (stage === "production" && fields.get("confirm") !== project) {
      throw new NotYet(`Type ${project} to promote to production`);
    }
    const body = { target: stage, reason: String(fields.get("reason")) || null };
    const params = { path: { release_id: releaseId } };
    const made = await got(api.POST("/v1/releases/{release_id}/promotions", { params, body }));
    if (!made.run_id) return router.push(placeOf("/releases/", { project }));
    const run = await got(api.GET("/v1/runs/{run_id}", { params: { path: { run_id: made.run_id } } }));
    router.push(placeOf("/run/", { project, number: run.run_number }));
  }
  return (
    <Act act={promote}>
      <p>
        <label htmlFor={`reason-${stage}`}>Why (for the record)</label>{" "}
        <input id={`reason-${stage}`} name="reason" maxLength={2000} />
      </p>
      {stage === "production" && (
        <p>
          <label htmlFor={`confirm-${stage}`}>Type {project} to promote to production</label>{" "}
          <input id={`confirm-${stage}`} name="confirm" required autoComplete="off" />
        </p>
      )}
      <button type="submit">Promote to {stage}</button>
    </Act>
  );
}

async function read(api: Api, project: string, version: string, signal: AbortSignal): Promise<Seen> {
  const query = { project, version, limit: 1 };
  const [release] = (await got(api.GET("/v1/releases", { params: { query }, signal }))).items;
  if (!release) throw new Problem(404, `There is no release ${version} of ${project}`, "see the project's releases");
  const path = { release_id: release.id };
  const explain = (target: string) =>
    got(api.GET("/v1/releases/{release_id}/requirements", { params: { path, query: { target } }, signal }));
  const [mayGo, staging, production, gates, { shown }] = await Promise.all([
    got(api.GET("/v1/releases/{release_id}/eligibility", { params: { path }, signal })),
    explain("staging"),
    explain("production"),
    got(api.GET("/v1/releases/{release_id}/gates", { params: { path }, signal })),
    got(api.GET("/v1/releases/{release_id}/shown", { params: { path }, signal })),
  ]);
  const read = await Promise.all(gates.map((gate) => readGate(api, gate, signal)));
  return { release, mayGo, requirements: { staging, production }, gates: read, shown };
}
