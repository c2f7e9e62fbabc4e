import { expect, test } from "vitest";

import { scenario, SCENARIOS, type ScenarioName } from "../backend/demo/scenarios";
import type { Layer, LayerStatus, Status } from "../backend/status";
import { meaning, remedyOf } from "./remedy";

function find(name: ScenarioName, layer: Layer): [LayerStatus, Status] {
  const { status } = scenario(name, 0);
  const found = status?.layers.find((one) => one.layer === layer);
  if (!status || !found) throw new Error(`${name} has no ${layer}`);
  return [found, status];
}

test.each<[ScenarioName, Layer, string, string]>([
  ["down", "edge", "Restart tunnel", "New tickets go to Groq."],
  ["down", "public_address", "Check again", "Nothing is known until the hop before it works."],
  ["gave-up", "cloudflared_process", "Try again", "New tickets wait."],
  [
    "exposed",
    "access_closed",
    "Pause and close the tunnel",
    "Strangers can use the model on this machine. Tickets are still triaged.",
  ],
  ["paused", "cloudflared_process", "Resume", "Triage on this machine is paused. New tickets go to Groq."],
  ["first-run", "cloudflared_process", "Set up the tunnel", "No ticket is triaged on this machine."],
  ["first-run", "model", "Download the model", "No ticket is triaged here."],
  [
    "first-run",
    "link",
    "Pair this machine",
    "Results are not shown here, and the orchestrator does not hear from this machine.",
  ],
  ["healthy", "edge", "Check again", "Tickets pass here."],
  ["degraded", "edge", "Check again", "Tickets are still triaged on this machine."],
])("%s, %s: %s", (name, layer, label, words) => {
  const [found, status] = find(name, layer);
  expect([remedyOf(found, status).label, meaning(found, status)]).toEqual([label, words]);
});

test("every layer of every state has something to do", () => {
  for (const name of SCENARIOS) {
    const { status } = scenario(name, 0);
    for (const layer of status?.layers ?? []) expect(status && remedyOf(layer, status).label).toBeTruthy();
  }
});
