import type { Bucket, Health } from "../backend/status";
import { took } from "./time";
import { HEALTH } from "./words";

export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
  health: Health;
}

/** Which of two is worse; a fault is worse than not knowing. */
const ORDER: Record<Health, number> = { ok: 0, unknown: 1, warn: 2, fail: 3 };

export function worse(a: Health | null, b: Health | null): Health | null {
  if (a === null || b === null) return a ?? b;
  return ORDER[b] > ORDER[a] ? b : a;
}

/** Several layers as one: of each piece the worst state and the longest median. They end at the same moment. */
export function combine(histories: readonly (readonly Bucket[])[]): Bucket[] {
  const length = Math.max(0, ...histories.map((history) => history.length));
  return Array.from({ length }, (_, index) => {
    const merged: Bucket = { worst: null, median_ms: null, longest_ms: null };
    for (const history of histories) {
      const bucket = history[history.length - length + index];
      if (!bucket) continue;
      merged.worst = worse(merged.worst, bucket.worst);
      merged.median_ms = longer(merged.median_ms, bucket.median_ms);
      merged.longest_ms = longer(merged.longest_ms, bucket.longest_ms);
    }
    return merged;
  });
}

function longer(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

/** Latency stays below, so that trouble has a place of its own. */
const LATENCY_SHARE = 0.45;

/**
 * Bars of a day, oldest left; `pieces` buckets fill the width, so a young history stands at the right. Shapes tell the
 * states apart, not the colours alone: what works stands on the ground as high as its latency against the day's longest, a
 * warning hangs from the top to the middle, a failure goes all the way, and what is not known is a gap.
 */
export function bars(history: readonly Bucket[], width: number, height: number, count: number, pieces = 288): Bar[] {
  const padded = [...new Array<Bucket | null>(Math.max(0, pieces - history.length)).fill(null), ...history].slice(
    -pieces,
  );
  const groups = Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * pieces) / count);
    const until = Math.floor(((index + 1) * pieces) / count);
    const within = padded.slice(from, until).filter((bucket) => bucket !== null);
    return combine(within.map((bucket) => [bucket]))[0] ?? null;
  });
  const longest = Math.max(1, ...groups.map((group) => group?.median_ms ?? 0));
  const step = width / count;
  return groups.flatMap((group, index) => {
    const health = group?.worst ?? "unknown";
    if (health === "unknown") return [];
    const share = ((group?.median_ms ?? 0) / longest) * LATENCY_SHARE;
    const tall = health === "fail" ? height : health === "warn" ? height / 2 : Math.max(2, round(share * height));
    const y = health === "ok" ? round(height - tall) : 0;
    return [{ x: round(index * step), y, width: round(step * 0.7), height: tall, health }];
  });
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}

const MINUTES_PER_BUCKET = 5;
const WORST_FIRST: readonly Health[] = ["fail", "warn", "unknown", "ok"];

/** The day in words: how long each state lasted, and between what the latency was. */
export function summary(history: readonly Bucket[]): string {
  const lasted = (health: Health): number =>
    history.filter(({ worst }) => worst === health).length * MINUTES_PER_BUCKET;
  const states = WORST_FIRST.filter((health) => lasted(health) > 0);
  if (states.length === 0) return "Nothing seen in the last 24 hours";
  const words = states.map((health) => `${HEALTH[health]} for ${hours(lasted(health))}`).join(", ");
  const medians = history.flatMap(({ median_ms }) => median_ms ?? []);
  if (medians.length === 0) return `Last 24 hours: ${words}`;
  const slowest = history.reduce((longest, { longest_ms }) => Math.max(longest, longest_ms ?? 0), 0);
  return `Last 24 hours: ${words}; answers took ${took(Math.min(...medians))} to ${took(slowest)}`;
}

/** "23 h 35 min", "5 min". */
function hours(minutes: number): string {
  return [minutes >= 60 ? `${Math.floor(minutes / 60)} h` : "", minutes % 60 ? `${minutes % 60} min` : ""]
    .filter(Boolean)
    .join(" ");
}

/** The bars as one path per state: few elements, however long the day. */
export function paths(bars: readonly Bar[]): { health: Health; d: string }[] {
  const found = new Map<Health, string>();
  for (const { x, y, width, height, health } of bars) {
    found.set(health, `${found.get(health) ?? ""}M${x} ${y}h${width}v${height}h-${width}z`);
  }
  return [...found].map(([health, d]) => ({ health, d }));
}
