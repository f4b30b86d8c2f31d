"use client";

import { useRouter } from "next/navigation";
import { useEffect, useId, useState } from "react";
import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { opened } from "@/api/files";
import { type Problem, problemFrom } from "@/api/problem";
import { runOf } from "@/api/runs";
import { useAbout } from "@/components/about";
import { useLoad } from "@/components/load";
import { placeOf, Show } from "@/components/parts";
import { Refusal } from "@/components/refusal";
import { useTitle } from "@/components/title";
import { useSession } from "@/session/session";
import { plain } from "@/text/plain";
import { sizeText } from "@/text/words";
import { Download, FileTable, pathOf } from "./file-table";

const LISTED = 100;
// As much of a file as a browser shows without a pause; the rest is downloaded.
const SHOWN_BYTES = 256 * 1024;

interface Seen {
  runs: Schemas["Run"][];
  run: Schemas["Run"] | undefined;
  files: Schemas["RunArtifact"][];
}

/** The files of the project's runs: those of one run, and what is in one file. */
export function Artifacts() {
  const project = useAbout("project");
  const number = useAbout("number");
  const name = useAbout("name");
  useTitle(`Artifacts of ${project}`);
  const found = useLoad(`artifacts ${project} ${number}`, (api, signal) => read(api, project, number, signal));
  return (
    <>
      <h1>Artifacts of {project}</h1>
      <Show of={found}>
        {({ runs, run, files }) => (
          <>
            {run && <Choice project={project} runs={runs} chosen={run} />}
            {files.length === 0 && <p className="quiet">{run ? "This run left no file." : "No run yet."}</p>}
            {run && files.length > 0 && <FileTable project={project} run={run} files={files} />}
            {run && name && <Content key={run.id + name} run={run} name={name} />}
          </>
        )}
      </Show>
    </>
  );
}

function Choice({ project, runs, chosen }: { project: string; runs: Schemas["Run"][]; chosen: Schemas["Run"] }) {
  const router = useRouter();
  const id = useId();
  const listed = runs.some((each) => each.id === chosen.id) ? runs : [chosen, ...runs];
  return (
    <p className="row">
      <label htmlFor={id}>Run</label>
      <select
        id={id}
        value={chosen.run_number}
        onChange={(event) => router.push(placeOf("/artifacts/", { project, number: event.target.value }))}
      >
        {listed.map((each) => (
          <option key={each.id} value={each.run_number}>
            #{each.run_number} {each.kind} {each.status} {each.partition_key}
          </option>
        ))}
      </select>
    </p>
  );
}

/** The beginning of a file, as text, whatever it is. */
function Content({ run, name }: { run: Schemas["Run"]; name: string }) {
  const session = useSession();
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    const gone = new AbortController();
    opened(session, pathOf(run, name), gone.signal)
      .then(beginning)
      .then(setText)
      .catch((thrown) => gone.signal.aborted || setProblem(problemFrom(thrown)));
    return () => gone.abort();
  }, [session, run, name]);
  return (
    <section aria-labelledby="file">
      <h2 id="file">{plain(name)}</h2>
      {problem && <Refusal problem={problem} />}
      {text !== undefined && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
          <pre className="file" tabIndex={0}>
            {plain(text)}
          </pre>
          {text.length >= SHOWN_BYTES && <p>This is its beginning, {sizeText(SHOWN_BYTES)}.</p>}
          <Download run={run} name={name} />
        </>
      )}
    </section>
  );
}

/** Return the beginning of an answer's text, and let the rest go unread. */
async function beginning(answer: Response): Promise<string> {
  const reader = answer.body
    ?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let text = "";
  while (reader && text.length < SHOWN_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
  }
  await reader?.cancel();
  return text.slice(0, SHOWN_BYTES);
}

async function read(api: Api, project: string, number: string, signal: AbortSignal): Promise<Seen> {
  const page = await got(api.GET("/v1/runs", { params: { query: { project, limit: LISTED } }, signal }));
  const runs = page.items;
  const run = number ? await chosen(api, project, number, runs, signal) : runs.find((each) => each.finished_at);
  const params = { path: { run_id: run?.id ?? "" } };
  const files = run ? await got(api.GET("/v1/runs/{run_id}/artifacts", { params, signal })) : [];
  return { runs, run, files };
}

async function chosen(api: Api, project: string, number: string, runs: Schemas["Run"][], signal: AbortSignal) {
  return runs.find((each) => String(each.run_number) === number) ?? (await runOf(api, project, number, signal));
}
