import assert from "node:assert/strict";
import { test } from "node:test";
import { plain, webAddress } from "./plain";
import { agoText, durationText, secondsBetween, sizeText } from "./words";

test("what is no text is removed, and markup stays text", () => {
  assert.equal(plain("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 a\u202eb\x00\tc\n"), "red link ab\tc\n");
  assert.equal(plain("<script>alert(1)</script>"), "<script>alert(1)</script>");
});

test("only pages are linked", () => {
  assert.equal(webAddress("https://shop.example"), "https://shop.example");
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "//x", " https://x", "", null]) {
    assert.equal(webAddress(bad), undefined);
  }
});

test("sizes, durations and ages are those of the gateway's own console", () => {
  assert.deepEqual([0, 999, 1000, 999_950, 1_234_567_890].map(sizeText), [
    "0 B",
    "999 B",
    "1.0 kB",
    "1.0 MB",
    "1.2 GB",
  ]);
  assert.deepEqual([4.24, 59.96, 185, 7800, null].map(durationText), [
    "4.2 s",
    "1 min 0 s",
    "3 min 5 s",
    "2 h 10 min",
    "–",
  ]);
  const now = Date.parse("2026-03-01T12:00:00Z");
  const told = ["2026-03-01T11:59:30Z", "2026-03-01T10:30:00Z", "2026-02-20T12:00:00Z", "2026-03-01T15:00:00Z"];
  assert.deepEqual(
    told.map((moment) => agoText(moment, now)),
    ["30 s ago", "90 min ago", "9 d ago", "in 3 h"],
  );
  assert.equal(secondsBetween("2026-03-01T12:00:00Z", "2026-03-01T12:00:01.5Z"), 1.5);
  assert.equal(secondsBetween(null, "2026-03-01T12:00:00Z"), null);
});
