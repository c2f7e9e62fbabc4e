import type { Bucket, Health } from "../backend/status";

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

/**
 * Bars of a day, oldest left; `pieces` buckets fill the width, so a young history stands at the right. Height is the
 * latency against the day's longest; trouble is drawn at full height, silence not at all.
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
    if (!group?.worst) return [];
    const share = group.worst === "fail" || group.worst === "warn" ? 1 : (group.median_ms ?? 0) / longest;
    const tall = round(Math.max(2, share * height * (group.worst === "fail" || group.worst === "warn" ? 1 : 0.75)));
    return [
      { x: round(index * step), y: round(height - tall), width: round(step * 0.7), height: tall, health: group.worst },
    ];
  });
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}

/** For those who do not see it. */
export function summary(history: readonly Bucket[]): string {
  const seen = history.filter((bucket) => bucket.worst !== null);
  if (seen.length === 0) return "Nothing seen in the last 24 hours";
  const minutes = (health: Health): number => seen.filter((bucket) => bucket.worst === health).length * 5;
  const parts = [
    minutes("fail") ? `${minutes("fail")} min with failures` : "",
    minutes("warn") ? `${minutes("warn")} min with warnings` : "",
  ].filter(Boolean);
  return `Last 24 hours: ${parts.length ? parts.join(", ") : "no trouble seen"}`;
}

/** The bars as one path per state: few elements, however long the day. */
export function paths(bars: readonly Bar[]): { health: Health; d: string }[] {
  const found = new Map<Health, string>();
  for (const { x, y, width, height, health } of bars) {
    found.set(health, `${found.get(health) ?? ""}M${x} ${y}h${width}v${height}h-${width}z`);
  }
  return [...found].map(([health, d]) => ({ health, d }));
}
