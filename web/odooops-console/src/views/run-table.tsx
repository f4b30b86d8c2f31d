import type { Schemas } from "@/api/client";
import { Ago, Nothing, Sha, State, Table, To } from "@/components/parts";
import { plain } from "@/text/plain";
import { durationText, secondsBetween } from "@/text/words";

const HEADS = ["Run", "State", "Kind", "Branch", "Commit", "Asked by", "Asked", "Worked"];

/** Runs of a project, as they come. */
export function RunTable({ project, runs }: { project: string; runs: Schemas["Run"][] }) {
  return (
    <Table name="Runs" heads={HEADS}>
      {runs.length === 0 && <Nothing columns={HEADS.length}>No run yet: push a commit.</Nothing>}
      {runs.map((run) => (
        <tr key={run.id}>
          <td>
            <To page="/run/" project={project} number={run.run_number}>
              #{run.run_number}
            </To>
          </td>
          <td>
            <State word={run.status} /> {run.fault}
          </td>
          <td>{run.kind}</td>
          <td>{plain(run.partition_key ?? "–")}</td>
          <td>
            <Sha commit={run.git_sha} />
          </td>
          <td>{plain(run.requested_by ?? run.trigger)}</td>
          <td>
            <Ago at={run.created_at} />
          </td>
          <td>{durationText(secondsBetween(run.started_at, run.finished_at))}</td>
        </tr>
      ))}
    </Table>
  );
}
