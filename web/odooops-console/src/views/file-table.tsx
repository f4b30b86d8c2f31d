"use client";

import type { Schemas } from "@/api/client";
import { opened, save } from "@/api/files";
import { Act } from "@/components/act";
import { Ago, Table, To } from "@/components/parts";
import { useSession } from "@/session/session";
import { plain } from "@/text/plain";
import { sizeText } from "@/text/words";

const HEADS = ["File", "Size", "SHA-256", "Goes", "Download"];

interface OfRun {
  project: string;
  run: Schemas["Run"];
}

/** Return where the API has the file of a run. */
export function pathOf(run: Schemas["Run"], name: string): string {
  return `/v1/runs/${run.id}/artifacts/${encodeURIComponent(name)}`;
}

/** The files that a run left: read here, or downloaded. */
export function FileTable({ project, run, files }: OfRun & { files: Schemas["RunArtifact"][] }) {
  return (
    <Table name="Artifacts" heads={HEADS}>
      {files.map((each) => (
        <tr key={each.id}>
          <td>
            <To page="/artifacts/" project={project} number={run.run_number} name={each.artifact_key}>
              {plain(each.artifact_key)}
            </To>
          </td>
          <td>{sizeText(each.size_bytes)}</td>
          <td>
            <code title={each.sha256}>{each.sha256.slice(0, 16)}…</code>
          </td>
          <td>
            <Ago at={each.expires_at} />
          </td>
          <td>
            <Download run={run} name={each.artifact_key} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Downloads the file whole; a browser can follow no link with a token. */
export function Download({ run, name }: { run: Schemas["Run"]; name: string }) {
  const session = useSession();
  const get = async () => save(await (await opened(session, pathOf(run, name))).blob(), name);
  return (
    <Act act={get}>
      <button type="submit" className="plain" aria-label={`Download ${plain(name)}`}>
        Download
      </button>
    </Act>
  );
}
