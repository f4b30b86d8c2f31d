import assert from "node:assert/strict";
import { test } from "node:test";
import { type Followed, follow } from "./follow";
import { Problem } from "./problem";

type Line = { id: number };

/** Return a body that sends the pieces, and then breaks off or ends. */
function body(pieces: string[], breaks = false): ReadableStream<Uint8Array> {
  const bytes = pieces.map((piece) => new TextEncoder().encode(piece));
  return new ReadableStream({
    pull(controller) {
      const next = bytes.shift();
      if (next) controller.enqueue(next);
      else if (breaks) controller.error(new TypeError("network error"));
      else controller.close();
    },
  });
}

const lines = (...ids: number[]) =>
  `event: lines\ndata: ${JSON.stringify(ids.map((id) => ({ id })))}\nid: ${ids.at(-1)}\n\n`;

async function seen(answers: (ReadableStream<Uint8Array> | Problem)[], afterId = 0) {
  const asked: number[] = [];
  const open = async (after: number) => {
    asked.push(after);
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Problem) throw answer ?? new TypeError("nobody answers");
    return answer;
  };
  const found: Followed<Line>[] = [];
  for await (const each of follow<Line>(open, afterId, new AbortController().signal, 1)) found.push(each);
  return {
    asked,
    found,
    ids: found.flatMap((each) => (each.kind === "lines" ? each.lines.map((line) => line.id) : [])),
  };
}

test("lines come once through a stream that is cut anywhere, and one that ends early", async () => {
  const first = lines(1, 2);
  const { asked, ids, found } = await seen([
    body([": ping\n\n", first.slice(0, 20), first.slice(20), "event: lines\ndata: [{"], true),
    body([lines(2, 3), "event: state\ndata: succeeded\n\n"]),
    body([lines(4), "event: end\ndata: \n\n", lines(5)]),
  ]);
  assert.deepEqual(asked, [0, 2, 3]);
  assert.deepEqual(ids, [1, 2, 3, 4]);
  assert.deepEqual(
    found.map((each) => each.kind),
    ["open", "lines", "lost", "open", "lines", "state", "open", "lines", "end"],
  );
});

test("a character that two pieces share arrives whole", async () => {
  const bytes = new TextEncoder().encode('event: state\ndata: "ü"\n\nevent: end\n\n');
  const cut = bytes.indexOf(0xc3) + 1;
  const pieces = [bytes.slice(0, cut), bytes.slice(cut)];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = pieces.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
  });
  const { found } = await seen([stream]);
  assert.deepEqual(found[1], { kind: "state", state: '"ü"' });
});

test("a refusal ends it, and is told; a gateway that is away does not", async () => {
  const { found, asked } = await seen([new Problem(503, "away"), new Problem(404, "There is no run")], 7);
  assert.deepEqual(
    found.map((each) => each.kind),
    ["lost", "refused"],
  );
  assert.deepEqual(asked, [7, 7]);
});
