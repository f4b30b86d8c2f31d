"use client";

import { got } from "@/api/client";
import { useLoad } from "@/components/load";
import { Show, State, To } from "@/components/parts";
import { useTitle } from "@/components/title";
import { plain } from "@/text/plain";

const MOST = 500;

/** The projects that the reader may see. */
export function Projects() {
  useTitle("Projects");
  const found = useLoad("projects", (api, signal) =>
    got(api.GET("/v1/projects", { params: { query: { limit: MOST } }, signal })),
  );
  return (
    <>
      <h1>Projects</h1>
      <Show of={found}>
        {({ items }) =>
          items.length === 0 ? (
            <p>You are in no project yet. An admin adds you: ops member set.</p>
          ) : (
            <ul className="cards">
              {items.toReversed().map((each) => (
                <li key={each.id}>
                  <h2>
                    <To page="/project/" project={each.slug}>
                      {each.slug}
                    </To>
                  </h2>
                  <p>
                    Odoo {each.odoo_version} · {each.repo_url} · <code>{each.default_branch}</code>
                  </p>
                  {each.status !== "active" && <State word={each.status} />}
                  {each.poll_error && <p className="bad">{plain(each.poll_error)}</p>}
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </>
  );
}
