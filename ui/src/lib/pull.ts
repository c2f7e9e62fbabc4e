import type { PullProgress } from "../backend";
import { bytes } from "./amounts";
import { left } from "./time";

/** "0.8 of 2.0 GB · 48.2 MB/s · about 25 s left"; what is not known is left out. */
export function describe({ status, completed_bytes, total_bytes, bytes_per_second }: PullProgress): string {
  if (total_bytes === 0) return status;
  const parts = [`${bytes(completed_bytes)} of ${bytes(total_bytes)}`];
  if (completed_bytes >= total_bytes) return [...parts, status].join(" · ");
  if (bytes_per_second) {
    parts.push(`${bytes(bytes_per_second)}/s`, left(((total_bytes - completed_bytes) / bytes_per_second) * 1000));
  }
  return parts.join(" · ");
}
