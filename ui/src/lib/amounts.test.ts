import { expect, test } from "vitest";

import { bytes, count, counted, percent } from "./amounts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [2_019_393_189, "2.0 GB"],
  [48_200_000, "48.2 MB"],
  [-1, "0 B"],
])("%d is %s", (number, words) => expect(bytes(number)).toBe(words));

test("counts are grouped, and one is one", () => {
  expect([count(8311), counted(1, "line", "lines"), counted(0, "line", "lines")]).toEqual([
    "8,311",
    "1 line",
    "0 lines",
  ]);
});

test.each([
  [0.824, "82 %"],
  [1.2, "100 %"],
  [-1, "0 %"],
])("%d is %s", (share, words) => expect(percent(share)).toBe(words));
