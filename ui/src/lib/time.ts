const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** As people say it: "just now", "3 min ago", "yesterday". */
export function ago(at: string | number, now: number): string {
  const passed = now - new Date(at).getTime();
  if (Number.isNaN(passed)) return "at an unknown time";
  if (passed < -MINUTE) return `in ${span(-passed)}`;
  if (passed < 10 * SECOND) return "just now";
  return passed >= DAY && passed < 2 * DAY ? "yesterday" : `${span(passed)} ago`;
}

/** The same for a narrow column: "3 min", "2 h". */
export function shortAgo(at: string, now: number): string {
  const passed = now - new Date(at).getTime();
  if (Number.isNaN(passed)) return "–";
  return passed < 10 * SECOND ? "now" : span(passed);
}

/** How long something has been so: "for 3 min". */
export function lasting(at: string, now: number): string {
  const short = shortAgo(at, now);
  return short === "now" ? "just now" : short === "–" ? "" : `for ${short}`;
}

/** "40 s", "3 min", "2 h", "5 days". */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  const days = Math.floor(ms / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** How long something takes from now: "about 2 min left". */
export function left(ms: number): string {
  if (ms < 5 * SECOND) return "a few seconds left";
  if (ms < MINUTE) return `about ${Math.round(ms / SECOND / 5) * 5} s left`;
  if (ms < HOUR) return `about ${Math.round(ms / MINUTE)} min left`;
  return `about ${Math.round(ms / HOUR)} h left`;
}

/** How long a call took: "38 ms", "4.1 s", "1 min 5 s". */
export function took(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / SECOND).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const exactly = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

export function exact(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : exactly.format(date);
}

export function clockTime(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** The window of the statistics that begins at local midnight; the shortest one that can be asked for is 15 minutes. */
export function windowOfToday(now: number): string {
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  return `${Math.max(15, Math.ceil((now - midnight.getTime()) / MINUTE))}m`;
}

/** Whole days until a moment, negative when it has passed. */
export function daysUntil(at: string, now: number): number {
  return Math.floor((new Date(at).getTime() - now) / DAY);
}
