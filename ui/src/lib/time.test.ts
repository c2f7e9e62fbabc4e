import { expect, test } from "vitest";

import { ago, clockTime, daysUntil, exact, lasting, left, shortAgo, span, took, windowOfToday } from "./time";

const NOW = Date.UTC(2026, 10, 23, 9, 41);
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

test.each([
  [0, "just now", "now"],
  [9, "just now", "now"],
  [10, "10 s ago", "10 s"],
  [59, "59 s ago", "59 s"],
  [60, "1 min ago", "1 min"],
  [3 * 60 + 59, "3 min ago", "3 min"],
  [3600, "1 h ago", "1 h"],
  [24 * 3600 - 1, "23 h ago", "23 h"],
  [24 * 3600, "yesterday", "1 day"],
  [2 * 24 * 3600, "2 days ago", "2 days"],
  [-30, "just now", "now"],
  [-180, "in 3 min", "now"],
])("%i s before now is %s", (seconds, long, short) => {
  expect([ago(before(seconds), NOW), shortAgo(before(seconds), NOW)]).toEqual([long, short]);
});

test.each([
  [0, "0 ms"],
  [38.4, "38 ms"],
  [999, "999 ms"],
  [1000, "1.0 s"],
  [4100, "4.1 s"],
  [59_949, "59.9 s"],
  [59_950, "1 min 0 s"],
  [65_000, "1 min 5 s"],
])("%d ms took %s", (ms, words) => expect(took(ms)).toBe(words));

test.each([
  [1000, "a few seconds left"],
  [27_000, "about 25 s left"],
  [130_000, "about 2 min left"],
  [3 * 3_600_000, "about 3 h left"],
])("%d ms: %s", (ms, words) => expect(left(ms)).toBe(words));

test("how long something has been so", () => {
  expect([lasting(before(3), NOW), lasting(before(360), NOW), lasting("nonsense", NOW)]).toEqual([
    "just now",
    "for 6 min",
    "",
  ]);
});

test("what is no time does not break anything", () => {
  expect([ago("nonsense", NOW), shortAgo("nonsense", NOW), exact("nonsense"), clockTime("nonsense")]).toEqual([
    "at an unknown time",
    "–",
    "nonsense",
    "nonsense",
  ]);
  expect(span(-5)).toBe("0 s");
});

test("today begins at local midnight, and is at least a quarter of an hour", () => {
  const midnight = new Date(2026, 10, 23).getTime();
  expect(windowOfToday(midnight + 60_000)).toBe("15m");
  expect(windowOfToday(midnight + 90 * 60_000)).toBe("90m");
});

test.each([
  [6.5, 6],
  [0.5, 0],
  [-0.5, -1],
])("in %d days are %i whole days", (days, whole) => {
  expect(daysUntil(new Date(NOW + days * 86_400_000).toISOString(), NOW)).toBe(whole);
});
