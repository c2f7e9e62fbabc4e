/** What the agent says of itself: its `Status` as JSON. */
import type { Receipt, TriageStatus, Tunnel } from "../bindings";

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

/** The orchestrator that this machine is paired with. */
export interface OrchestratorStatus {
  url: string;
  version: string | null;
  heard_at: string | null;
  tunnel: Tunnel | null;
  /** What it saw when it called the public address as a stranger. */
  receipt: Receipt | null;
}

/** A ticket of late, in short. */
export interface TicketStatus {
  ticket_id: string;
  subject: string | null;
  url: string | null;
  status: TriageStatus;
  category: string | null;
  priority: string | null;
  provider: string | null;
  latency_ms: number | null;
  received_at: string;
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
  orchestrator: OrchestratorStatus | null;
  /** The latest tickets, newest first. */
  recent: TicketStatus[];
  access_ends_at: string | null;
}
