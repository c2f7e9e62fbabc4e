/** All that the window can see and ask for. Only `tauri.ts` and `demo.ts` know who answers. */
import type { CorrectionRequest, Stats, TestStep, Triage, TriageDetail, TriagePage, TriageStatus } from "../bindings";
import type { Layer, Program, Status } from "./status";

export type { TestHop, TestStep } from "../bindings";

export type Stop = () => void;

/** Time as the window sees it, so that tests can move it. */
export interface Clock {
  now(): number;
  every(ms: number, run: () => void): Stop;
  after(ms: number, run: () => void): Stop;
}

/** What every refused or failed request is rejected with. */
export interface Failure {
  /** Stable name, for switching. */
  code: string;
  headline: string;
  what_to_do: string;
  /** Per setting, when settings were refused. */
  problems?: SettingProblem[];
}

export type Connection = "connecting" | "connected" | "offline";

export interface TriageQuery {
  limit: number;
  before?: string;
  status?: TriageStatus;
  provider?: string;
  q?: string;
}

export interface LogLine {
  number: number;
  at: string;
  stream: "out" | "err" | "agent";
  level: "debug" | "info" | "warn" | "error" | null;
  text: string;
}

/** A new line, or how many were too fast to be shown. */
export type LogNews = { line: LogLine } | { missed: number };

export interface Evidence {
  /** What was asked. */
  request: string | null;
  /** What came back. */
  answer: string | null;
  took_ms: number | null;
  checked_at: string | null;
  /** The last lines of the program behind the layer. */
  log: LogLine[];
}

export interface PullProgress {
  /** In Ollama's words. */
  status: string;
  completed_bytes: number;
  total_bytes: number;
  bytes_per_second: number | null;
}

export type SecretName = "cf-access-client-id" | "cf-access-client-secret" | "tunnel-token";

export interface SecretPresence {
  name: SecretName;
  is_set: boolean;
}

/** One line of a check that was asked for. */
export interface CheckResult {
  what: string;
  ok: boolean;
  sentence: string;
  what_to_do: string | null;
  latency_ms: number | null;
}

export type TunnelRequest =
  | { way: "token"; hostname: string; token: string }
  /** `is_locked`: the person says that the address has its lock, which this way does not make. */
  | { way: "login"; hostname: string; is_locked: boolean }
  | { way: "api"; hostname: string; api_token: string };

export interface TunnelStep {
  step: string;
  state: "waiting" | "running" | "done" | "failed";
  sentence: string;
  /** A page the person has to open. */
  open_url: string | null;
}

export type NoticeKind = "tunnel_down" | "exposed" | "gave_up" | "needs_review" | "new_alert";

/** Minutes since local midnight. */
export interface QuietHours {
  from: number;
  until: number;
}

export interface Settings {
  hostname: string | null;
  orchestrator: string | null;
  model: string;
  start_paused: boolean;
  /** Whether newer versions of the app are looked for daily. */
  updates: "off" | "ask";
  ollama_address: string;
  ollama_path: string | null;
  cloudflared_path: string | null;
  mode: "token" | "config";
  tunnel_config: string | null;
  metrics_port: number;
  notices_off: NoticeKind[];
  settle_seconds: number;
  quiet_hours: QuietHours | null;
}

/** The app that is shown here. */
export interface Copy {
  version: string;
  /** Why it does not look for newer versions. */
  obstacle: string | null;
}

export interface NewerVersion {
  version: string;
  notes: string | null;
}

export interface FetchProgress {
  completed_bytes: number;
  total_bytes: number | null;
}

export interface SettingProblem {
  /** As in `config.toml`: `ollama.address`. */
  key: string;
  wrong: string;
  what_to_do: string;
}

/** Where the tray, a notice or a link wants the window to go. */
export interface Destination {
  page: string;
  ticket_id: string | null;
  /** A pairing link that was opened: shown for the person to confirm, never followed by itself. */
  pair_link: string | null;
}

export interface Backend {
  clock: Clock;

  onConnection(listener: (connection: Connection) => void): Stop;
  onStatus(listener: (status: Status) => void): Stop;
  onTriage(listener: (triage: Triage) => void): Stop;
  onLog(program: Program, listener: (news: LogNews) => void): Stop;
  onNavigate(listener: (destination: Destination) => void): Stop;

  pause(): Promise<void>;
  resume(): Promise<void>;
  restart(program: Program): Promise<void>;
  /** Tries a program again that was given up. */
  retryProgram(program: Program): Promise<void>;
  /** Looks at every layer out of turn. */
  checkNow(): Promise<void>;
  evidence(layer: Layer): Promise<Evidence>;

  triages(query: TriageQuery): Promise<TriagePage>;
  triage(ticketId: string): Promise<TriageDetail>;
  retryTriage(ticketId: string): Promise<void>;
  correct(ticketId: string, correction: CorrectionRequest): Promise<void>;
  stats(window: string): Promise<Stats>;
  openUrl(url: string): Promise<void>;

  logs(program: Program): Promise<LogLine[]>;

  pair(url: string, code: string): Promise<void>;
  /** With the link that `orchestrator pair` prints. */
  pairByLink(link: string): Promise<void>;
  unpair(): Promise<void>;
  pullModel(model: string, onProgress: (progress: PullProgress) => void): Promise<void>;
  cancelPull(): Promise<void>;
  setUpTunnel(request: TunnelRequest, onProgress: (steps: TunnelStep[]) => void): Promise<void>;
  cancelTunnel(): Promise<void>;
  secrets(): Promise<SecretPresence[]>;
  setSecret(name: SecretName, value: string): Promise<void>;
  testSecrets(): Promise<CheckResult[]>;
  /** Told step by step; it ends when the ticket has arrived, or does not get further. */
  sendTestTicket(onStep: (step: TestStep) => void): Promise<void>;

  settings(): Promise<Settings>;
  saveSettings(settings: Settings): Promise<void>;
  updates(): Promise<Copy>;
  checkForUpdate(): Promise<NewerVersion | null>;
  /** Installs exactly that version, or fails. */
  installUpdate(version: string, onProgress: (progress: FetchProgress) => void): Promise<void>;
  startsAtLogin(): Promise<boolean>;
  setStartAtLogin(on: boolean): Promise<void>;
  copyText(text: string): Promise<void>;
  copyDiagnostics(): Promise<void>;
  /** As a zip among the downloads; where it is. */
  saveDiagnostics(): Promise<string>;
}

export async function connect(): Promise<Backend> {
  if (__DEMO__ && !("__TAURI_INTERNALS__" in window)) {
    return (await import("./demo")).connect(new URLSearchParams(location.search));
  }
  return (await import("./tauri")).connect();
}

/** Whatever a request was rejected with, as a failure. */
export function failureOf(reason: unknown): Failure {
  if (typeof reason === "object" && reason !== null && "headline" in reason && "code" in reason) {
    return reason as Failure;
  }
  const said = reason instanceof Error ? reason.message : String(reason);
  return { code: "unexpected", headline: "That did not work.", what_to_do: said };
}
