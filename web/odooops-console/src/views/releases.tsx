"use client";

import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { useAbout } from "@/components/about";
import { useLoad } from "@/components/load";
import { Ago, Nothing, Show, State, Table, To } from "@/components/parts";
import { useTitle } from "@/components/title";
import { plain } from "@/text/plain";

const LISTED = 20;
const RELEASES = ["Version", "State", "Author", "Made", "Staging", "Production"];
const DEPLOYMENTS = ["Version", "Stage", "State", "Asked by", "Asked"];

interface Seen {
  releases: { release: Schemas["Release"]; mayGo: Schemas["Eligibility"] }[];
  deployments: Schemas["Deployment"][];
}

/** The project's releases, what each lacks for staging and production, and where they went. */
export function Releases() {
  const project = useAbout("project");
  useTitle(`Releases of ${project}`);
  const found = useLoad(`releases ${project}`, (api, signal) => read(api, project, signal));
  return (
    <>
      <h1>Releases of {project}</h1>
      <Show of={found}>
        {({ releases, deployments }) => (
          <>
            <Table name="Releases" heads={RELEASES}>
              {releases.length === 0 && <Nothing columns={RELEASES.length}>No release yet.</Nothing>}
              {releases.map(({ release, mayGo }) => (
                <tr key={release.id}>
                  <td>
                    <To page="/release/" project={project} version={release.version}>
                      {plain(release.version)}
                    </To>
                  </td>
                  <td>
                    <State word={release.status} />
                  </td>
                  <td>{plain(release.created_by)}</td>
                  <td>
                    <Ago at={release.created_at} />
                  </td>
                  <td>{mayGo.eligible_for_staging ? "may go" : mayGo.staging_missing}</td>
                  <td>{mayGo.eligible_for_production ? "may go" : mayGo.production_missing}</td>
                </tr>
              ))}
            </Table>
            <h2>Deployments</h2>
            <Table name="Deployments" heads={DEPLOYMENTS}>
              {deployments.length === 0 && <Nothing columns={DEPLOYMENTS.length}>Nothing was deployed yet.</Nothing>}
              {deployments.map((each) => (
                <tr key={each.id}>
                  <td>
                    {plain(releases.find(({ release }) => release.id === each.release_id)?.release.version ?? "–")}
                    {each.rollback_of && " (rollback)"}
                  </td>
                  <td>{each.stage}</td>
                  <td>
                    <State word={each.status} />
                  </td>
                  <td>{plain(each.requested_by)}</td>
                  <td>
                    <Ago at={each.created_at} />
                  </td>
                </tr>
              ))}
            </Table>
          </>
        )}
      </Show>
    </>
  );
}

async function read(api: Api, project: string, signal: AbortSignal): Promise<Seen> {
  // The API names a project's releases by its id, or by its slug as well.
  const query = { project, limit: LISTED };
  const [releases, deployments] = await Promise.all([
    got(api.GET("/v1/releases", { params: { query }, signal })),
    got(api.GET("/v1/deployments", { params: { query }, signal })),
  ]);
  const mayGo = (release: Schemas["Release"]) =>
    got(api.GET("/v1/releases/{release_id}/eligibility", { params: { path: { release_id: release.id } }, signal }));
  return {
    releases: await Promise.all(releases.items.map(async (release) => ({ release, mayGo: await mayGo(release) }))),
    deployments: deployments.items,
  };
}
