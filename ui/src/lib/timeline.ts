/** A ticket's way as one list in order of time. */
import type { TriageDetail } from "../bindings";
import { took } from "./time";
import { form, outcome, PROVIDER, sentence } from "./words";

export interface Moment {
  at: string;
  health: "ok" | "warn" | "fail" | "unknown";
  what: string;
  detail: string | null;
}

const DELIVERED: Record<string, [health: Moment["health"], word: string]> = {
  pending: ["unknown", "on its way"],
  delivered: ["ok", "delivered"],
  failed: ["fail", "failed"],
  skipped: ["unknown", "skipped: nothing to write"],
  undone: ["warn", "undone"],
};

export function timeline(detail: TriageDetail): Moment[] {
  const events = detail.events.map<Moment>(({ kind, property, received_at }) => ({
    at: received_at,
    health: "ok",
    what: kind === "workflow" ? "Came from HubSpot" : `Came from HubSpot: ${kind}${property ? ` of ${property}` : ""}`,
    detail: null,
  }));
  const calls = detail.calls.map<Moment>((call) => ({
    at: call.started_at,
    health: call.outcome === "verdict" ? "ok" : call.outcome === "started" ? "unknown" : "fail",
    what: [
      `${call.provider === "local" ? "Local model" : (PROVIDER[call.provider] ?? call.provider)} ${outcome(call.outcome)}`,
      form(call.form),
      call.latency_ms === null ? "" : took(call.latency_ms),
    ]
      .filter(Boolean)
      .join(", "),
    detail: [call.model, call.error].filter(Boolean).join(" · "),
  }));
  // What was written into HubSpot is told piece by piece.
  const outgoing = detail.deliveries.filter(
    ({ target, status }) => target !== "hubspot" || status !== "delivered" || detail.written.length === 0,
  );
  const deliveries = outgoing.map<Moment>(({ target, status, at, error }) => {
    const [health, word] = DELIVERED[status] ?? ["unknown", status];
    const name = target === "hubspot" ? "HubSpot" : sentence(target);
    return { at, health, what: `${name}: ${word}`, detail: error };
  });
  const written = detail.written.map<Moment>(({ what, value, status, why, at }) => ({
    at,
    health: status === "written" ? "ok" : "unknown",
    what: `${what === "note" ? "Note" : `${what}${value ? ` = ${value}` : ""}`} in HubSpot: ${status}`,
    detail: why,
  }));
  return [...events, ...calls, ...deliveries, ...written].sort((a, b) => a.at.localeCompare(b.at));
}
