import type { LogLine } from "../backend";
import { clockTime } from "./time";

/** As many as the agent keeps. */
export const KEPT = 5000;

export function add(lines: readonly LogLine[], line: LogLine): LogLine[] {
  const last = lines.at(-1);
  if (last && line.number <= last.number) return [...lines];
  return [...lines.slice(-(KEPT - 1)), line];
}

export function search(lines: readonly LogLine[], text: string): LogLine[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...lines];
  return lines.filter((line) => {
    const said = `${line.level ?? ""} ${line.text}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}

export function asText(lines: readonly LogLine[]): string {
  return lines.map((line) => `${line.at} ${(line.level ?? line.stream).padEnd(5)} ${line.text}`).join("\n");
}

export function levelOf(line: LogLine): string {
  return line.level ?? (line.stream === "agent" ? "note" : "");
}

export function timeOf(line: LogLine): string {
  return clockTime(line.at);
}
