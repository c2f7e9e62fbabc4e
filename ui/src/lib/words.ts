/** The words for what comes as keys. */
import type { Triage, TriageStatus } from "../bindings";
import type { Health, Overall, Program } from "../backend/status";
import type { NoticeKind, SecretName } from "../backend";

export const OVERALL: Record<Overall, string> = {
  healthy: "Healthy",
  degraded: "Degraded",
  down: "Down",
  starting: "Starting",
  paused: "Paused",
};

export const HEALTH: Record<Health, string> = {
  ok: "working",
  warn: "needs a look",
  fail: "not working",
  unknown: "not known",
};

export const PROGRAM: Record<Program, string> = { ollama: "Ollama", cloudflared: "cloudflared" };

export const STATUS: Record<TriageStatus, string> = {
  queued: "Queued",
  triaging: "Being triaged",
  waiting: "Waiting",
  triaged: "Triaged",
  needs_review: "Needs review",
  failed: "Failed",
  gone: "Deleted in HubSpot",
};

export const PRIORITIES = ["urgent", "high", "medium", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const PROVIDER: Record<string, string> = { local: "Local", groq: "Groq" };

export const NOTICE: Record<NoticeKind, { label: string; when: string }> = {
  tunnel_down: { label: "Tunnel down, and back", when: "Tickets cannot reach the model on this machine." },
  exposed: {
    label: "Model exposed",
    when: "Anybody on the internet can reach the model. Never held back by quiet hours.",
  },
  gave_up: { label: "Program cannot be started", when: "Ollama or cloudflared was tried and given up." },
  needs_review: { label: "Ticket needs review", when: "The model was not sure; a person has to look." },
  new_alert: { label: "Alerts of the orchestrator", when: "Success rate, delays, credentials that end." },
};

export const SECRET: Record<SecretName, string> = {
  "cf-access-client-id": "Client ID",
  "cf-access-client-secret": "Client secret",
  "tunnel-token": "Tunnel token",
};

/** `feature_request` as "Feature request". */
export function sentence(key: string): string {
  const words = key.replaceAll("_", " ").trim();
  return words ? `${words.charAt(0).toUpperCase()}${words.slice(1)}` : "–";
}

export function subjectOf(triage: Pick<Triage, "subject" | "ticket_id">): string {
  return triage.subject?.trim() || `Ticket ${triage.ticket_id}`;
}

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });

export function language(code: string): string {
  if (code === "und" || !code) return "Unknown";
  try {
    return LANGUAGES.of(code) ?? code;
  } catch {
    return code;
  }
}

const OUTCOME: Record<string, string> = {
  verdict: "gave the verdict",
  bad_answer: "answered badly",
  started: "is running",
  unreachable: "could not be reached",
  busy: "was busy",
  refused: "refused",
  timeout: "took too long",
};

export function outcome(key: string): string {
  return OUTCOME[key] ?? key.replaceAll("_", " ");
}

const FORM: Record<string, string> = { first: "", repair: "shown what was wrong", halved: "with half the text" };

export function form(key: string): string {
  return FORM[key] ?? key;
}

/** `{ email: 1, phone: 2 }` as "1 email, 2 phone". */
export function redacted(kinds: Record<string, number>): string {
  return Object.entries(kinds)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => `${number} ${kind.replaceAll("_", " ")}`)
    .join(", ");
}
