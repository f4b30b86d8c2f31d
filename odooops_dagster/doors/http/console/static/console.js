// Live parts. Every page reads and every form posts without this file.
"use strict";

// As many lines as a browser shows without a pause; the others are a link away.
const MOST_LINES = 1000;

function show(log, html) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.insertAdjacentHTML("beforeend", html);
  while (log.children.length > MOST_LINES) log.firstElementChild.remove();
  document.getElementById("no-lines")?.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function follow(log) {
  const state = document.getElementById("log-state");
  let source;
  let last = new URL(log.dataset.stream, location.href).searchParams.get("after");
  let isOver = false;

  function open() {
    if (source || isOver) return;
    const url = new URL(log.dataset.stream, location.href);
    url.searchParams.set("after", last);
    source = new EventSource(url);
    source.addEventListener("open", () => { state.textContent = "Following the log."; });
    source.addEventListener("lines", (event) => { last = event.lastEventId; show(log, event.data); });
    source.addEventListener("state", () => document.body.dispatchEvent(new Event("run-changed")));
    source.addEventListener("end", () => {
      isOver = true;
      close();
      state.textContent = "The run has ended; this is its whole log.";
      document.body.dispatchEvent(new Event("run-changed"));
    });
    source.addEventListener("error", () => {
      state.textContent = "The connection is lost; trying again.";
      if (source && source.readyState === EventSource.CLOSED) { close(); setTimeout(open, 3000); }
    });
  }

  function close() {
    source?.close();
    source = undefined;
  }

  // A page that nobody looks at holds no connection, of which a browser has six for each site.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  log.scrollTop = log.scrollHeight;
  open();
}

const log = document.querySelector("#log[data-stream]");
if (log) follow(log);
