"use client";

import { useRouter } from "next/navigation";
import { type FormEvent, memo, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { opened, save } from "@/api/files";
import { type Followed, follow } from "@/api/follow";
import { type Problem, problemFrom } from "@/api/problem";
import { useAbout } from "@/components/about";
import { Act } from "@/components/act";
import { placeOf } from "@/components/parts";
import { Refusal } from "@/components/refusal";
import { type Session, useSession } from "@/session/session";
import { plain } from "@/text/plain";

type Line = Schemas["LoggedLine"];
type Level = Line["level"];

// Lines of a window, and the most that are shown while a log grows: what a browser shows without a pause.
const WINDOW = 500;
const MOST_LINES = 1000;
const PAGE = 1000;
const LEVELS = ["info", "warn", "error"] as const;
const AT_END_PIXELS = 40;

/** Which window of the log the address asks for. */
interface Asked {
  text: string;
  level: string;
  at: string;
  before: string;
  after: string;
}

interface LogOf {
  project: string;
  run: Schemas["Run"];
  isLive: boolean;
  changed: () => void;
}

/** A window of a run's log, searched in the database, and its end as it grows. */
export function Log({ project, run, isLive, changed }: LogOf) {
  const session = useSession();
  const asked: Asked = {
    text: useAbout("q"),
    level: useAbout("level"),
    at: useAbout("at"),
    before: useAbout("before"),
    after: useAbout("after"),
  };
  const window = JSON.stringify(asked);
  const isEnd = Object.values(asked).every((value) => value === "");
  const { lines, told, problem } = useLines(session, run.id, window, isLive && isEnd, changed);
  const base = { project, number: run.run_number };
  const found = { ...(asked.text && { q: asked.text }), ...(asked.level && { level: asked.level }) };
  const [first, last] = [lines?.[0]?.id, lines?.at(-1)?.id];
  return (
    <>
      <Search base={base} asked={asked} />
      <Act act={async (api) => save(await wholeLog(api, run.id), `${project}-${run.run_number}.txt`)}>
        <button type="submit" className="plain">
          Download the whole log
        </button>
      </Act>
      {first !== undefined && (lines?.length ?? 0) >= WINDOW && (
        <p>
          <a href={placeOf("/run/", { ...base, ...found, before: first })}>Earlier lines</a>
        </p>
      )}
      <Lines lines={lines ?? []} at={asked.at} base={base} isGrowing={isEnd} />
      {lines?.length === 0 && <p className="quiet">No line{asked.text && " has this text"}.</p>}
      {last !== undefined && !isEnd && !(asked.text || asked.level) && (
        <p>
          <a href={placeOf("/run/", { ...base, after: last })}>Later lines</a>
        </p>
      )}
      {problem && <Refusal problem={problem} />}
      <p role="status">{told}</p>
    </>
  );
}

/** Return the window's lines, and, of one that is followed, how that goes. */
function useLines(session: Session, runId: string, window: string, isFollowed: boolean, changed: () => void) {
  const [lines, setLines] = useState<Line[]>();
  const [told, setTold] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const last = useRef<number | undefined>(undefined);
  const isVisible = useIsVisible();

  useEffect(() => {
    const gone = new AbortController();
    last.current = undefined;
    const wanted = JSON.parse(window) as Asked;
    const show = (found: Line[]) => {
      last.current = found.at(-1)?.id ?? 0;
      setLines(found);
    };
    const read = wanted.text && !wanted.at ? searchLog : readWindow;
    read(session.api, runId, wanted, gone.signal, show)
      .then(show)
      .catch((thrown) => gone.signal.aborted || setProblem(problemFrom(thrown)));
    return () => gone.abort();
  }, [session.api, runId, window]);

  const take = useRef((_each: Followed<Line>) => {});
  take.current = (each) => {
    if (each.kind === "lines") {
      last.current = each.lines.at(-1)?.id ?? last.current;
      setLines((now) => [...(now ?? []), ...each.lines].slice(-MOST_LINES));
    } else if (each.kind === "refused") {
      setProblem(each.problem);
    } else if (each.kind !== "state") {
      setTold(TOLD[each.kind]);
    }
    if (each.kind === "state" || each.kind === "end") changed();
  };

  const isRead = lines !== undefined;
  useEffect(() => {
    if (!isFollowed || !isRead || !isVisible) return;
    const gone = new AbortController();
    const open = async (afterId: number, signal: AbortSignal) => {
      const answer = await opened(session, `/v1/runs/${runId}/logs/stream?after_id=${afterId}`, signal);
      return answer.body as ReadableStream<Uint8Array>;
    };
    const listen = async () => {
      for await (const each of follow<Line>(open, last.current ?? 0, gone.signal)) {
        if (gone.signal.aborted) return;
        take.current(each);
      }
    };
    void listen();
    return () => gone.abort();
  }, [session, runId, isFollowed, isRead, isVisible]);

  return { lines, told, problem };
}

const TOLD = {
  open: "Following the log.",
  lost: "The connection is lost; trying again.",
  end: "The run has ended; this is its whole log.",
} as const;

/** Return whether somebody looks at the page: one that nobody looks at holds no connection. */
function useIsVisible(): boolean {
  const [isVisible, setVisible] = useState(true);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return isVisible;
}

function Search({ base, asked }: { base: Record<string, string | number>; asked: Asked }) {
  const router = useRouter();
  const id = useId();
  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const query = Object.fromEntries([...form].filter(([, value]) => value !== "")) as Record<string, string>;
    router.push(placeOf("/run/", { ...base, ...query }), { scroll: false });
  }
  return (
    <search>
      <form onSubmit={send} className="row" key={asked.text + asked.level}>
        <label htmlFor={`${id}-q`}>Search</label>
        <input id={`${id}-q`} name="q" type="search" maxLength={200} defaultValue={asked.text} />
        <label htmlFor={`${id}-level`}>Level</label>
        <select id={`${id}-level`} name="level" defaultValue={asked.level}>
          <option value="">all</option>
          {LEVELS.map((level) => (
            <option key={level}>{level}</option>
          ))}
        </select>
        <button type="submit">Search</button>
      </form>
    </search>
  );
}

interface Shown {
  lines: Line[];
  at: string;
  base: Record<string, string | number>;
  isGrowing: boolean;
}

/** The lines; at the log's end they go on with it, unless the reader has scrolled up. */
function Lines({ lines, at, base, isGrowing }: Shown) {
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the reason to scroll
  useLayoutEffect(() => {
    if (isGrowing && isAtEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines, isGrowing]);
  useEffect(() => {
    if (at && lines.length > 0) document.getElementById(`L${at}`)?.scrollIntoView({ block: "center" });
  }, [at, lines]);
  const scrolled = () => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = list.current ?? {};
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END_PIXELS;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <ol className="log" aria-label="Log" tabIndex={0} ref={list} onScroll={scrolled}>
      {lines.map((line) => (
        <OneLine
          key={line.id}
          line={line}
          place={placeOf("/run/", { ...base, at: line.id })}
          isMeant={String(line.id) === at}
        />
      ))}
    </ol>
  );
}

const OneLine = memo(function OneLine({ line, place, isMeant }: { line: Line; place: string; isMeant: boolean }) {
  return (
    <li id={`L${line.id}`} className={line.level} aria-current={isMeant || undefined}>
      <a href={`${place}#L${line.id}`}>{new Date(line.timestamp).toISOString().slice(11, 19)}</a>
      <span>{plain(line.message)}</span>
    </li>
  );
});

/** Return the lines that the address asks for: around one, before or after one, or else the newest. */
async function readWindow(api: Api, runId: string, asked: Asked, signal: AbortSignal): Promise<Line[]> {
  const window = (query: { after_id?: number; before_id?: number; level?: Level; limit: number }) =>
    got(api.GET("/v1/runs/{run_id}/logs/window", { params: { path: { run_id: runId }, query }, signal }));
  const found = { ...(asked.level && { level: asked.level as Level }) };
  if (asked.at) {
    const at = Number(asked.at);
    const earlier = await window({ before_id: at, limit: WINDOW / 2 });
    return [...earlier, ...(await window({ after_id: at - 1, limit: WINDOW / 2 }))];
  }
  if (asked.before) return window({ ...found, before_id: Number(asked.before), limit: WINDOW });
  if (asked.after) return window({ ...found, after_id: Number(asked.after), limit: WINDOW });
  return window({ ...found, limit: WINDOW });
}

/** Return the newest lines with the text, above a line or in all of the log; `show` has them as they are found. */
async function searchLog(
  api: Api,
  runId: string,
  asked: Asked,
  signal: AbortSignal,
  show: (found: Line[]) => void,
): Promise<Line[]> {
  const level = asked.level && { level: asked.level as Level };
  let before = asked.before && { before_id: Number(asked.before) };
  let lines: Line[] = [];
  for (;;) {
    const query = { text: asked.text, ...level, ...before, limit: WINDOW - lines.length };
    const params = { path: { run_id: runId }, query };
    const part = await got(api.GET("/v1/runs/{run_id}/logs/search", { params, signal }));
    lines = [...part.lines, ...lines];
    if (part.next_before_id === null || lines.length >= WINDOW) return lines;
    if (lines.length > 0) show(lines);
    before = { before_id: part.next_before_id };
  }
}

/** Return the whole log, however long it is. */
async function wholeLog(api: Api, runId: string): Promise<Blob> {
  const parts: string[] = [];
  let after = 0;
  for (;;) {
    const params = { path: { run_id: runId }, query: { after_id: after, limit: PAGE } };
    const lines = await got(api.GET("/v1/runs/{run_id}/logs", { params }));
    if (lines.length === 0) return new Blob(parts);
    after = lines.at(-1)?.id ?? after;
    parts.push(lines.map((line) => `${line.timestamp} ${line.level.padEnd(5)} ${plain(line.message)}\n`).join(""));
  }
}
