import { expect, test } from "vitest";

import { scenario, type ScenarioName } from "../backend/demo/scenarios";
import { current, readPairLink, steps } from "./setup";

function stepsOf(name: ScenarioName, isTested: boolean): string[] {
  const { status } = scenario(name, 0);
  if (!status) throw new Error(`${name} has no status`);
  return steps(status, isTested).map(({ state }) => state);
}

test.each<[ScenarioName, boolean, string]>([
  ["healthy", false, "done done done done open"],
  ["healthy", true, "done done done done done"],
  ["first-run", false, "open open open blocked blocked"],
  ["down", true, "done done failed blocked done"],
  ["degraded", true, "done done doubtful done done"],
  ["degraded", false, "done done doubtful done open"],
  ["forgotten", true, "failed done done done done"],
  ["exposed", true, "done done done failed done"],
  ["starting", false, "done checking checking blocked blocked"],
])("%s, tested: %s", (name, isTested, expected) => expect(stepsOf(name, isTested).join(" ")).toBe(expected));

test("a tunnel that was never set up has not failed, though the machine is paired", () => {
  const { status } = scenario("first-run", 0);
  const paired =
    status &&
    steps(
      {
        ...status,
        orchestrator: { url: "https://a.example", version: null, heard_at: null, tunnel: null, receipt: null },
      },
      false,
    );
  expect(paired?.map(({ state }) => state)).toEqual(["failed", "open", "open", "blocked", "blocked"]);
});

test("the first that is not done comes next", () => {
  const { status } = scenario("down", 0);
  expect(status && current(steps(status, true))).toBe("tunnel");
  const healthy = scenario("healthy", 0).status;
  expect(healthy && current(steps(healthy, true))).toBeNull();
});

test.each([
  ["hubspot-triage://pair?url=https%3A%2F%2Fa.example&code=K7", { url: "https://a.example", code: "K7" }],
  ["  hubspot-triage://pair/?code=K7&url=https://a.example ", { url: "https://a.example", code: "K7" }],
  ["hubspot-triage://pair?code=K7", null],
  ["https://a.example/?url=b&code=c", null],
  ["", null],
])("%s", (text, expected) => expect(readPairLink(text)).toEqual(expected));
