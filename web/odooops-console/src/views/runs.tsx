"use client";

import { got } from "@/api/client";
import { useAbout } from "@/components/about";
import { useLoad } from "@/components/load";
import { Show, To } from "@/components/parts";
import { useTitle } from "@/components/title";
import { RunTable } from "./run-table";

const LISTED = 40;
const EVERY_MILLISECONDS = 15_000;

/** The project's runs, newest first, page by page. */
export function Runs() {
  const project = useAbout("project");
  const after = useAbout("after");
  useTitle(`Runs of ${project}`);
  const query = { project, limit: LISTED, ...(after && { after }) };
  const found = useLoad(
    `runs ${project} ${after}`,
    (api, signal) => got(api.GET("/v1/runs", { params: { query }, signal })),
    EVERY_MILLISECONDS,
  );
  return (
    <>
      <h1>Runs of {project}</h1>
      <Show of={found}>
        {({ items, next }) => (
          <>
            <RunTable project={project} runs={items} />
            {next && (
              <p>
                <To page="/runs/" project={project} after={next}>
                  Earlier runs
                </To>
              </p>
            )}
          </>
        )}
      </Show>
    </>
  );
}
