import { expect, test } from "vitest";

import type { Desk } from "../bindings";
import { categoriesOf, categoriesToFind, categoryName, teamName } from "./desk";

const DESK: Desk = {
  categories: [
    { key: "jam", label: "Marmalade", team: "kitchen", enabled: true },
    { key: "old_jam", label: "Old marmalade", team: "kitchen", enabled: false },
    { key: "bread", label: "Bread", team: "kitchen", enabled: true },
  ],
  teams: [{ key: "kitchen", label: "The kitchen" }],
};

test("the desk's names are used, also for what is chosen no more, and a key speaks for itself", () => {
  expect(["jam", "old_jam", "own_thing"].map((key) => categoryName(DESK, key))).toEqual([
    "Marmalade",
    "Old marmalade",
    "Own thing",
  ]);
  expect([categoryName(null, "how_to"), teamName(DESK, "kitchen"), teamName(undefined, "on_call")]).toEqual([
    "How to",
    "The kitchen",
    "On call",
  ]);
});

test("offered is what the desk has, and found can be what tickets have besides", () => {
  expect(categoriesOf(DESK)).toEqual(["jam", "bread"]);
  expect(categoriesOf(null)).toEqual([]);
  expect(categoriesToFind(DESK, ["old_jam", "bread", "old_jam", "a"])).toEqual(["jam", "bread", "a", "old_jam"]);
});
