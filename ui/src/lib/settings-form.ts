/** The settings as they are typed, and back. */
import type { SettingProblem, Settings } from "../backend";

/** An emptied field means that there is no such setting. */
export function optional(text: string): string | null {
  return text.trim() || null;
}

export function isSame(a: Settings, b: Settings): boolean {
  return JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));
}

function ordered(settings: Settings): unknown {
  return { ...settings, notices_off: [...settings.notices_off].sort() };
}

/** By the name of their field; those of no field under an empty name. */
export function byKey(problems: readonly SettingProblem[], known: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { key, wrong, what_to_do } of problems) {
    const at = known.includes(key) ? key : "";
    const words = at ? `It ${wrong}. ${what_to_do}` : `${key} ${wrong}. ${what_to_do}`.trim();
    found.set(at, [found.get(at), words].filter(Boolean).join(" "));
  }
  return found;
}

export const FIELDS = [
  "model",
  "orchestrator",
  "hostname",
  "ollama.address",
  "ollama.path",
  "cloudflared.path",
  "cloudflared.mode",
  "cloudflared.config",
  "cloudflared.metrics_port",
  "notices.settle_seconds",
  "notices.quiet_hours",
] as const;
