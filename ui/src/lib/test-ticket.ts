/** The way of a test ticket as it is drawn: which hops it passed, where it is, and how it ended. */
import type { Failure, TestHop, TestStep } from "../backend";

/** `skipped`: somebody else triaged the ticket, so it never came there. */
export type HopState = "waiting" | "running" | "reached" | "failed" | "skipped";

export interface Hop {
  hop: TestHop;
  title: string;
  state: HopState;
  /** What was measured, if anything was. */
  tookMs: number | null;
}

export interface Arrival {
  totalMs: number;
  /** Who triaged it, when it was not this machine. */
  elsewhere: string | null;
}

const HOPS: readonly { hop: TestHop; title: string }[] = [
  { hop: "orchestrator", title: "Orchestrator" },
  { hop: "cloudflare", title: "Cloudflare" },
  { hop: "cloudflared", title: "cloudflared" },
  { hop: "ollama", title: "Ollama" },
  { hop: "model", title: "Model" },
  { hop: "discord", title: "Discord" },
];

export function hops(steps: readonly TestStep[], isRunning: boolean): Hop[] {
  const failed = steps.some((step) => step.kind === "failed");
  const settled = new Map(steps.flatMap((step) => (step.kind === "done" ? [] : [[step.hop, step] as const])));
  // Once it failed somewhere, only Discord is still to come.
  const next = HOPS.find(({ hop }) => !settled.has(hop) && (!failed || hop === "discord"))?.hop;
  return HOPS.map(({ hop, title }) => {
    const step = settled.get(hop);
    if (step?.kind === "reached") return { hop, title, state: "reached", tookMs: step.took_ms };
    if (step) return { hop, title, state: "failed", tookMs: null };
    const isNext = isRunning && hop === next;
    const isPast = failed && (hop !== "discord" || !isRunning);
    return { hop, title, state: isNext ? "running" : isPast ? "skipped" : "waiting", tookMs: null };
  });
}

/** Where it did not go on, and what to do about it. */
export function obstacle(steps: readonly TestStep[]): Failure | null {
  const step = steps.find((step) => step.kind === "failed");
  if (!step) return null;
  const title = HOPS.find(({ hop }) => hop === step.hop)?.title ?? "";
  return { code: `test_${step.hop}`, headline: `${title}: ${step.why}`, what_to_do: step.what_to_do };
}

/** How it arrived; `null` while it has not. */
export function arrival(steps: readonly TestStep[]): Arrival | null {
  const step = steps.find((step) => step.kind === "done");
  return step ? { totalMs: step.total_ms, elsewhere: step.elsewhere } : null;
}
