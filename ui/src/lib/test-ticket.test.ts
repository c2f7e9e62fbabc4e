import { expect, test } from "vitest";

import type { TestHop, TestStep } from "../backend";
import { arrival, hops, obstacle } from "./test-ticket";

const ALL: readonly TestHop[] = ["orchestrator", "cloudflare", "cloudflared", "ollama", "model", "discord"];
const reached = (hop: TestHop): TestStep => ({ kind: "reached", hop, took_ms: 7 });
const failed = (hop: TestHop): TestStep => ({ kind: "failed", hop, why: "It is gone.", what_to_do: "Bring it back." });
const done = (elsewhere: string | null): TestStep => ({ kind: "done", total_ms: 2000, elsewhere });
const byGroq: TestStep[] = [reached("orchestrator"), reached("cloudflare"), failed("cloudflared")];

test.each<[what: string, steps: TestStep[], isRunning: boolean, expected: string]>([
  ["nothing was sent", [], false, "waiting waiting waiting waiting waiting waiting"],
  ["it was just sent", [], true, "running waiting waiting waiting waiting waiting"],
  ["on its way", ALL.slice(0, 3).map(reached), true, "reached reached reached running waiting waiting"],
  ["all well", [...ALL.map(reached), done(null)], false, "reached reached reached reached reached reached"],
  ["the tunnel is down", byGroq, true, "reached reached failed skipped skipped running"],
  [
    "Groq took it",
    [...byGroq, reached("discord"), done("Groq")],
    false,
    "reached reached failed skipped skipped reached",
  ],
  ["it waits", byGroq, false, "reached reached failed skipped skipped skipped"],
  [
    "Discord refused",
    [...ALL.slice(0, 5).map(reached), failed("discord")],
    false,
    "reached reached reached reached reached failed",
  ],
  ["it never got in", [failed("orchestrator")], false, "failed skipped skipped skipped skipped skipped"],
])("%s", (_, steps, isRunning, expected) =>
  expect(
    hops(steps, isRunning)
      .map(({ state }) => state)
      .join(" "),
  ).toBe(expected),
);

test("a hop that was passed without being measured has no time", () => {
  const [first] = hops([{ kind: "reached", hop: "orchestrator", took_ms: null }], false);
  expect(first).toEqual({ hop: "orchestrator", title: "Orchestrator", state: "reached", tookMs: null });
});

test("the end is where it failed, and how it arrived all the same", () => {
  expect([obstacle([]), arrival([])]).toEqual([null, null]);
  const steps = [...byGroq, reached("discord"), done("Groq")];
  expect(obstacle(steps)).toEqual({
    code: "test_cloudflared",
    headline: "cloudflared: It is gone.",
    what_to_do: "Bring it back.",
  });
  expect(arrival(steps)).toEqual({ totalMs: 2000, elsewhere: "Groq" });
});
