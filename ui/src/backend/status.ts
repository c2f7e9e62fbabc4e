/** What the agent says of itself: its `Status` as JSON. */
import type { Receipt, Triage } from "../bindings";

export type Overall = "healthy" | "degraded" | "down" | "starting" | "paused";
export type Health = "ok" | "unknown" | "warn" | "fail";
export type Program = "ollama" | "cloudflared";

export type Layer =
  | "ollama_process"
  | "ollama_api"
  | "model"
  | "ollama_private"
  | "cloudflared_process"
  | "edge"
  | "public_address"
  | "access_closed"
  | "link"
  | "orchestrator_view";

export interface Bucket {
  worst: Health | null;
  median_ms: number | null;
  longest_ms: number | null;
}

export interface LayerStatus {
  layer: Layer;
  title: string;
  health: Health;
  sentence: string;
  fix: string | null;
  because: Layer | null;
  since: string;
  latency_ms: number | null;
  /** The last 24 hours in pieces of five minutes, oldest first. */
  history: Bucket[];
}

export type ProgramState =
  "running" | "not ready" | "starting" | "adopted" | "waiting" | "stopping" | "gave up" | "not installed" | "stopped";

export interface ProgramStatus {
  program: Program;
  state: ProgramState;
  pid: number | null;
  starts: number;
  lines: number;
  dropped: number;
}

export interface ModelStatus {
  name: string;
  size_bytes: number;
  gpu_percent: number | null;
}

export interface Pairing {
  url: string;
  device_id: string;
}

export interface Status {
  version: string;
  started_at: string;
  overall: Overall;
  sentence: string;
  layer: Layer | null;
  paused: boolean;
  layers: LayerStatus[];
  programs: ProgramStatus[];
  models: ModelStatus[];
  notes: string[];
  /** The latest triages, newest first. */
  recent: Triage[];
  paired_with: Pairing | null;
  /** What the orchestrator saw when it called the public address as a stranger. */
  receipt: Receipt | null;
  credentials_expire_at: string | null;
}
