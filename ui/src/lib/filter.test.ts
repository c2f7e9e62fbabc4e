import { expect, test } from "vitest";

import { samples } from "../backend/demo/tickets";
import { EVERYTHING, isEverything, matches, queryOf, type Filter } from "./filter";

const ALL = samples(0);

test.each<[Partial<Filter>, number]>([
  [{}, 20],
  [{ status: "needs_review" }, 2],
  [{ provider: "groq" }, 3],
  [{ category: "bug" }, 3],
  [{ status: "needs_review", category: "bug" }, 1],
  [{ search: "INVOICE vat" }, 1],
  [{ search: "31415926535" }, 1],
  [{ search: "الفاتورة" }, 1],
  [{ search: "  " }, 20],
  [{ search: "undefined" }, 0],
])("%o leaves %i", (filter, count) => {
  expect(ALL.filter((triage) => matches(triage, { ...EVERYTHING, ...filter })).length).toBe(count);
});

test("the orchestrator is asked only for what it knows", () => {
  expect(queryOf({ status: "failed", provider: "groq", category: "bug", search: " a b " }, 50, "7")).toEqual({
    limit: 50,
    before: "7",
    status: "failed",
    provider: "groq",
    q: "a b",
  });
  expect(queryOf(EVERYTHING, 50)).toEqual({ limit: 50 });
});

test("blanks are no filter", () => {
  expect([isEverything({ ...EVERYTHING, search: " " }), isEverything({ ...EVERYTHING, provider: "groq" })]).toEqual([
    true,
    false,
  ]);
});
