/** What the agent says of itself, from the bindings; `ProgramState` are the words of `ProgramStatus.state`. */
export type {
  Bucket,
  Health,
  Layer,
  LayerStatus,
  ModelStatus,
  OrchestratorStatus,
  Overall,
  Program,
  ProgramStatus,
  Status,
  TicketStatus,
} from "../bindings";

export type ProgramState =
  | "running"
  | "not ready"
  | "starting"
  | "adopted"
  | "waiting"
  | "stopping"
  | "gave up"
  | "not installed"
  | "not set up"
  | "stopped";
