import fc from "fast-check";
import { expect, test } from "vitest";

import type { Bucket, Health } from "../backend/status";
import { bars, combine, paths, summary, worse } from "./sparkline";

const bucket = (worst: Health | null, median_ms: number | null = null): Bucket => ({
  worst,
  median_ms,
  longest_ms: median_ms,
});

test.each([
  ["ok", "unknown", "unknown"],
  ["unknown", "warn", "warn"],
  ["fail", "warn", "fail"],
  [null, "ok", "ok"],
  ["ok", null, "ok"],
  [null, null, null],
] as const)("of %s and %s, %s is worse", (a, b, expected) => expect(worse(a, b)).toBe(expected));

test("histories of different length end at the same moment", () => {
  expect(combine([[bucket("ok", 3), bucket("ok", 5)], [bucket("fail", 4)]])).toEqual([
    bucket("ok", 3),
    bucket("fail", 5),
  ]);
  expect(combine([])).toEqual([]);
});

test("each state has a shape of its own, a young history stands at the right, and what is not known is a gap", () => {
  const drawn = bars([bucket("ok", 10), bucket(null), bucket("unknown"), bucket("warn"), bucket("fail")], 60, 20, 6, 6);
  expect(drawn).toEqual([
    { x: 10, y: 11, width: 7, height: 9, health: "ok" },
    { x: 40, y: 0, width: 7, height: 10, health: "warn" },
    { x: 50, y: 0, width: 7, height: 20, health: "fail" },
  ]);
  expect(paths(drawn)).toEqual([
    { health: "ok", d: "M10 11h7v9h-7z" },
    { health: "warn", d: "M40 0h7v10h-7z" },
    { health: "fail", d: "M50 0h7v20h-7z" },
  ]);
});

test("whatever the history, every bar is within the picture", () => {
  const health = fc.constantFrom<Health | null>("ok", "warn", "fail", "unknown", null);
  const history = fc.array(
    fc.record({ worst: health, median_ms: fc.option(fc.nat(100_000)), longest_ms: fc.option(fc.nat()) }),
    { maxLength: 400 },
  );
  fc.assert(
    fc.property(history, (history) => {
      for (const { x, y, width, height } of bars(history, 96, 20, 48)) {
        expect(x >= 0 && x + width <= 96 && y >= 0 && height >= 2 && y + height <= 20.01).toBe(true);
      }
    }),
  );
});

test.each([
  [[], "Nothing seen in the last 24 hours"],
  [[bucket("ok")], "Last 24 hours: working for 5 min"],
  [
    [bucket("fail"), bucket("fail", 12), bucket("warn", 1100), bucket("unknown"), bucket(null)],
    "Last 24 hours: not working for 10 min, needs a look for 5 min, not known for 5 min; answers took 12 ms to 1.1 s",
  ],
  [new Array<Bucket>(283).fill(bucket("ok", 3)), "Last 24 hours: working for 23 h 35 min; answers took 3 ms to 3 ms"],
  [new Array<Bucket>(288).fill(bucket("ok")), "Last 24 hours: working for 24 h"],
])("it is said in words", (history, words) => expect(summary(history)).toBe(words));
