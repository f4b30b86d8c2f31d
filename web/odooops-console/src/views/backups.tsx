"use client";

import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { useAbout, useMay } from "@/components/about";
import { Act } from "@/components/act";
import { useLoad } from "@/components/load";
import { Ago, Nothing, Show, State, Table } from "@/components/parts";
import { useTitle } from "@/components/title";
import { plain } from "@/text/plain";
import { sizeText } from "@/text/words";

const LISTED = 60;
const HEADS = ["Data of", "Environment", "State", "Size", "Added", "Why it is kept"];

interface Seen {
  backups: Schemas["Backup"][];
  environments: Map<string, Schemas["Environment"]>;
}

/** The project's backups, newest first, why each is kept, and a new one. */
export function Backups() {
  const project = useAbout("project");
  useTitle(`Backups of ${project}`);
  const found = useLoad(`backups ${project}`, (api, signal) => read(api, project, signal));
  return (
    <>
      <h1>Backups of {project}</h1>
      <Show of={found}>
        {({ backups, environments }) => (
          <>
            <BackUp project={project} environments={[...environments.values()]} changed={found.reload} />
            <Table name="Backups" heads={HEADS}>
              {backups.length === 0 && <Nothing columns={HEADS.length}>No backup yet.</Nothing>}
              {backups.map((each) => (
                <tr key={each.id}>
                  <td>
                    <Ago at={each.taken_at ?? each.created_at} />
                  </td>
                  <td>{plain(environments.get(each.environment_id)?.name ?? "–")}</td>
                  <td>
                    <State word={each.status} /> {plain(each.error_message ?? "")}
                  </td>
                  <td>{sizeText(each.size_bytes)}</td>
                  <td>{sizeText(each.stored_bytes)}</td>
                  <td>{plain(whyKept(each))}</td>
                </tr>
              ))}
            </Table>
          </>
        )}
      </Show>
    </>
  );
}

interface BackUpOf {
  project: string;
  environments: Schemas["Environment"][];
  changed: () => void;
}

function BackUp({ project, environments, changed }: BackUpOf) {
  const may = useMay(project);
  const served = environments.filter((each) => each.stage === "production" && each.database_name);
  if (!may.has("backup")) return null;
  return served.map((each) => {
    const back = (api: Api, fields: FormData) => {
      const body = { project, environment: each.branch, label: String(fields.get("label")) || null };
      return got(api.POST("/v1/backups", { body })).then(changed);
    };
    return (
      <Act key={each.id} act={back} className="row">
        <label htmlFor={`label-${each.id}`}>Label</label>
        <input id={`label-${each.id}`} name="label" maxLength={200} />
        <button type="submit">Back up {plain(each.name)} now</button>
      </Act>
    );
  });
}

function whyKept(backup: Schemas["Backup"]): string {
  if (backup.held_at) return `held by ${backup.held_by}: ${backup.hold_reason}`;
  if (backup.dropped_at) return `dropped: ${backup.drop_reason}`;
  return backup.label ? `labelled ${backup.label}` : "the retention policy";
}

async function read(api: Api, project: string, signal: AbortSignal): Promise<Seen> {
  const [backups, environments] = await Promise.all([
    got(api.GET("/v1/backups", { params: { query: { project, limit: LISTED } }, signal })),
    got(api.GET("/v1/environments", { params: { query: { project, limit: 500 } }, signal })),
  ]);
  return { backups: backups.items, environments: new Map(environments.items.map((each) => [each.id, each])) };
}
