/** Tables for the smaller pieces. */
import { expect, test } from "vitest";

import type { LogLine, PullProgress } from "../backend";
import { detail, samples } from "../backend/demo/tickets";
import type { Triage, Verdict } from "../bindings";
import { DESK } from "../backend/demo/desk";
import { categoriesOf } from "./desk";
import { categoryChoices, correctionOf, correctionWords, PRIORITY_CHOICES } from "./correction";
import { moved } from "./keys";
import { add, asText, KEPT, search } from "./log-view";
import { describe } from "./pull";
import { fromText, toText } from "./quiet-hours";
import { byKey, FIELDS, isSame, optional } from "./settings-form";
import { timeline } from "./timeline";
import { language, redacted, sentence, subjectOf } from "./words";

const line = (number: number, text = "words", level: LogLine["level"] = "info"): LogLine => ({
  number,
  at: "2026-11-23T09:41:00Z",
  stream: "err",
  level,
  text,
});

test("a log keeps the newest, and takes no line twice", () => {
  const full = Array.from({ length: KEPT }, (_, index) => line(index + 1));
  const after = add(full, line(KEPT + 1));
  expect([after.length, after[0]?.number, after.at(-1)?.number]).toEqual([KEPT, 2, KEPT + 1]);
  expect(add([line(5)], line(5)).length).toBe(1);
});

test("a log is searched for all words, its levels included", () => {
  const lines = [line(1, "Registered connection"), line(2, "connection lost", "error")];
  expect(search(lines, "CONNECTION error").map(({ number }) => number)).toEqual([2]);
  expect(search(lines, " ").length).toBe(2);
  expect(asText(lines.slice(1))).toBe("2026-11-23T09:41:00Z error connection lost");
});

test.each<[Partial<PullProgress>, string]>([
  [{ status: "pulling manifest" }, "pulling manifest"],
  [
    { completed_bytes: 8e8, total_bytes: 2e9, bytes_per_second: 48_200_000 },
    "800 MB of 2.0 GB · 48.2 MB/s · about 25 s left",
  ],
  [{ completed_bytes: 8e8, total_bytes: 2e9 }, "800 MB of 2.0 GB"],
  [
    { status: "verifying", completed_bytes: 2e9, total_bytes: 2e9, bytes_per_second: 1 },
    "2.0 GB of 2.0 GB · verifying",
  ],
])("progress %o", (progress, words) => {
  expect(describe({ status: "", completed_bytes: 0, total_bytes: 0, bytes_per_second: null, ...progress })).toBe(words);
});

test.each([
  ["22:00", 1320],
  ["7:05", 425],
  ["24:00", null],
  ["12:60", null],
  ["noon", null],
])("%s is minute %s", (text, minutes) => expect(fromText(text)).toBe(minutes));

test.each([
  [0, "00:00"],
  [1439, "23:59"],
  [1440, "00:00"],
  [-1, "23:59"],
])("minute %i is %s", (minutes, text) => expect(toText(minutes)).toBe(text));

test.each([
  ["ArrowDown", 0, 3, "vertical", 1],
  ["j", 2, 3, "vertical", 2],
  ["ArrowUp", 0, 3, "vertical", 0],
  ["ArrowDown", -1, 3, "vertical", 0],
  ["ArrowRight", 0, 3, "horizontal", 1],
  ["j", 0, 3, "horizontal", null],
  ["End", 0, 3, "horizontal", 2],
  ["Home", 2, 3, "vertical", 0],
  ["ArrowDown", 0, 0, "vertical", null],
  ["x", 0, 3, "vertical", null],
] as const)("%s at %i of %i, %s, leads to %s", (key, index, count, axis, expected) =>
  expect(moved(key, index, count, axis)).toBe(expected),
);

test("every category and priority has a key of its own", () => {
  const keys = [...PRIORITY_CHOICES, ...categoryChoices(DESK, "hardware")].map(({ key }) => key);
  expect(keys.every((key) => key.length === 1)).toBe(true);
  expect(new Set(keys).size).toBe(keys.length);
});

test("a correction offers the desk's categories, and leaving the verdict's own", () => {
  const values = (own: string): string[] => categoryChoices(DESK, own).map(({ value }) => value);
  expect(values("billing")).toEqual(categoriesOf(DESK));
  expect(values("training")).toEqual([...categoriesOf(DESK), "training"]);
});

test("a correction names only what differs", () => {
  const verdict = { category: "bug", priority: "low" } as Verdict;
  expect(correctionOf(verdict, "bug", "low", " ")).toBeNull();
  expect(correctionOf(verdict, "billing", "low", "")).toEqual({ category: "billing", priority: null, note: null });
  expect(correctionOf(verdict, "bug", "low", " right ")).toEqual({ category: null, priority: null, note: "right" });
});

test("problems stand at their field, the others together", () => {
  const problems = [
    { key: "model", wrong: "is empty", what_to_do: "Write it." },
    { key: "window.size", wrong: "is not known", what_to_do: "Remove it." },
  ];
  expect([...byKey(problems, FIELDS)]).toEqual([
    ["model", "It is empty. Write it."],
    ["", "window.size is not known. Remove it."],
  ]);
});

test("the order of switched-off notices is no change", () => {
  const settings = { notices_off: ["exposed", "gave_up"] } as Parameters<typeof isSame>[0];
  expect(isSame(settings, { ...settings, notices_off: ["gave_up", "exposed"] })).toBe(true);
  expect([optional("  "), optional(" a ")]).toEqual([null, "a"]);
});

test("a ticket's way is told in order", () => {
  const review = samples(0)[2] as Triage;
  expect(timeline(detail(review)).map(({ what }) => what)).toEqual([
    "Came from HubSpot",
    "Local model could not be reached, 1.9 s",
    "Groq gave the verdict, 1.2 s",
    "Discord: delivered",
    "HubSpot: skipped: nothing to write",
  ]);
});

test("keys have words", () => {
  expect([sentence("feature_request"), sentence(" ")]).toEqual(["Feature request", "–"]);
  expect([language("de"), language("und"), language("?!")]).toEqual(["German", "Unknown", "?!"]);
  expect(redacted({ email: 1, phone_number: 2, name: 0 })).toBe("1 email, 2 phone number");
  expect(subjectOf({ subject: " ", ticket_id: "7" })).toBe("Ticket 7");
});

test("what a person said is right is said in words", () => {
  const said = { note: null, device_id: "1", device_name: "box", at: "2026-11-23T00:00:00Z" };
  expect(correctionWords({ ...said, category: "legal", priority: "low" }, DESK)).toBe(
    "A person says: category Legal and privacy, priority low",
  );
  expect(correctionWords({ ...said, category: null, priority: "low" }, DESK)).toBe("A person says: priority low");
  expect(correctionWords({ ...said, category: null, priority: null }, null)).toBe("A person says");
});
