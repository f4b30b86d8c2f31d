import { type Problem, problemFrom } from "./problem";
import { eventsOf } from "./sse";

/** A line of a run's log, as far as it is followed. */
export interface Numbered {
  id: number;
}

/** What follows of a log: that it is heard, lines, a new state of the run, that it is lost, refused, or over. */
export type Followed<Line> =
  | { kind: "open" | "lost" | "end" }
  | { kind: "lines"; lines: Line[] }
  | { kind: "state"; state: string }
  | { kind: "refused"; problem: Problem };

/** Opens the stream of the lines after one; throws what the API says where it refuses. */
export type Open = (afterId: number, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;

const PAUSE_MILLISECONDS = 2000;
const REFUSALS = new Set([400, 401, 403, 404, 422]);

/**
 * Follow a log to its end: no line is lost and none comes twice, however often the gateway is away.
 *
 * A stream that ends without `end` only has to be asked for again, which is where a token is looked at anew.
 */
export async function* follow<Line extends Numbered>(
  open: Open,
  afterId: number,
  signal: AbortSignal,
  pause = PAUSE_MILLISECONDS,
): AsyncGenerator<Followed<Line>> {
  const place = { last: afterId };
  while (!signal.aborted) {
    try {
      const body = await open(place.last, signal);
      yield { kind: "open" };
      for await (const each of heard<Line>(body, place)) {
        yield each;
        if (each.kind === "end") return;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      const problem = problemFrom(thrown);
      if (REFUSALS.has(problem.status)) return yield { kind: "refused", problem };
      yield { kind: "lost" };
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** Yield what one stream brings, without lines that are here already. */
async function* heard<Line extends Numbered>(
  body: ReadableStream<Uint8Array>,
  place: { last: number },
): AsyncGenerator<Followed<Line>> {
  for await (const { event, data } of eventsOf(body)) {
    if (event === "end") yield { kind: "end" };
    if (event === "state") yield { kind: "state", state: data };
    if (event !== "lines") continue;
    const lines = (JSON.parse(data) as Line[]).filter((line) => line.id > place.last);
    place.last = lines.at(-1)?.id ?? place.last;
    if (lines.length > 0) yield { kind: "lines", lines };
  }
}
