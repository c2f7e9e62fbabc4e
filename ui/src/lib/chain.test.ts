import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { scenario, SCENARIOS } from "../backend/demo/scenarios";
import type { Status } from "../backend/status";
import { hops, lineInto } from "./chain";

const NOW = Date.UTC(2026, 10, 23, 9, 41);

function statusOf(name: (typeof SCENARIOS)[number]): Status {
  const { status } = scenario(name, NOW);
  if (!status) throw new Error(`${name} has no status`);
  return status;
}

test.each([
  ["healthy", "ok ok ok ok ok ok", "solid solid solid solid solid"],
  ["down", "ok ok unknown fail ok ok", "solid unknown broken solid solid"],
  ["exposed", "ok ok fail ok ok ok", "solid broken solid solid solid"],
  ["degraded", "ok ok ok warn ok ok", "solid solid solid solid solid"],
] as const)("%s", (name, health, lines) => {
  const chain = hops(statusOf(name));
  expect(chain.map((hop) => hop.health).join(" ")).toBe(health);
  expect(chain.slice(1).map(lineInto).join(" ")).toBe(lines);
});

test("a hop behind a broken one names it", () => {
  const [, orchestrator, cloudflare, cloudflared] = hops(statusOf("down"));
  expect([orchestrator?.because, cloudflare?.because, cloudflared?.because]).toEqual([null, "cloudflared", null]);
});

test("a hop that works is told by its figure, and by a plain word without one", () => {
  const facts = (status: Status): string =>
    hops(status)
      .map(({ fact }) => fact)
      .join(", ");
  const status = statusOf("healthy");
  expect(facts(status)).toBe("sends tickets, 38 ms, closed, 4 conn., 0.32.1, loaded");
  const layers = status.layers.map((layer) => ({ ...layer, sentence: "It works.", latency_ms: null }));
  expect(facts({ ...status, layers })).toBe("sends tickets, answers, closed, connected, answers, ready");
});

test("a program that was never set up is not told as one that has ended", () => {
  const cloudflared = (name: (typeof SCENARIOS)[number]): string | undefined =>
    hops(statusOf(name)).find((hop) => hop.name === "cloudflared")?.fact;
  expect([cloudflared("first-run"), cloudflared("gave-up")]).toEqual(["not set up", "not running"]);
});

test("the agent's sentences have these figures", () => {
  const source = (name: string): string =>
    readFileSync(new URL(`../../../crates/supervise/src/health/${name}.rs`, import.meta.url), "utf8");
  expect(source("tunnel")).toContain('"Connected to Cloudflare, {number} of {CONNECTIONS} connections."');
  expect(source("local")).toContain('"Ollama {version} answers."');
  expect(source("local")).toContain('"{wanted} is loaded."');
});
