import fc from "fast-check";
import { expect, test } from "vitest";

import { samples } from "../backend/demo/tickets";
import type { Triage } from "../bindings";
import { append, EMPTY, receive, reveal, type LiveList } from "./live-list";

const ALL = samples(0);
const all = (): boolean => true;
const ids = (items: readonly Triage[]): string[] => items.map(({ ticket_id }) => ticket_id);
const [a, b, c] = ALL as [Triage, Triage, Triage];

test("a new one is on top, unless somebody is reading: then it waits", () => {
  const idle = receive({ items: [b], waiting: [] }, a, false, all);
  expect([ids(idle.items), ids(idle.waiting)]).toEqual([ids([a, b]), []]);
  const reading = receive(receive({ items: [c], waiting: [] }, b, true, all), a, true, all);
  expect([ids(reading.items), ids(reading.waiting)]).toEqual([ids([c]), ids([a, b])]);
  expect(ids(reveal(reading).items)).toEqual(ids([a, b, c]));
});

test("a known one changes where it stands, even if it no longer fits", () => {
  const changed = receive({ items: [a, b], waiting: [] }, { ...b, status: "failed" }, false, () => false);
  expect(changed.items.map(({ status }) => status)).toEqual([a.status, "failed"]);
});

test("a waiting one that no longer fits goes, and one that never fitted does not come", () => {
  expect(receive({ items: [], waiting: [a] }, { ...a, status: "failed" }, true, () => false).waiting).toEqual([]);
  expect(receive(EMPTY, a, false, () => false)).toEqual(EMPTY);
});

test("an older page brings nothing twice", () => {
  expect(ids(append({ items: [a, b], waiting: [] }, [b, c]).items)).toEqual(ids([a, b, c]));
});

test("whatever comes while somebody reads, the list itself keeps its order, and nobody is there twice", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(ALL.length - 1)), (arrivals) => {
      const begin: LiveList = { items: ALL.slice(10), waiting: [] };
      const end = arrivals.reduce((list, index) => receive(list, ALL[index] as Triage, true, all), begin);
      expect(ids(end.items)).toEqual(ids(begin.items));
      const everybody = ids(reveal(end).items);
      expect(new Set(everybody).size).toBe(everybody.length);
    }),
  );
});
