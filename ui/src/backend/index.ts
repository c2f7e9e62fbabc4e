/** All that the window can see and ask for. Only `tauri.ts` and `demo.ts` know who answers. */
import type {
  CheckResult,
  CorrectionRequest,
  Destination,
  Evidence,
  Failure,
  LogLine,
  LogNews,
  PullProgress,
  Settings,
  Stats,
  TestStep,
  Triage,
  TriageDetail,
  TriagePage,
  TriageStatus,
  TunnelStep,
} from "../bindings";
import type { Layer, Program, Status } from "./status";

export type {
  CheckResult,
  Destination,
  Evidence,
  Failure,
  LogLine,
  LogNews,
  NoticeKind,
  PullProgress,
  QuietHours,
  SettingProblem,
  Settings,
  TestHop,
  TestStep,
  TunnelStep,
} from "../bindings";

export type Stop = () => void;

/** Time as the window sees it, so that tests can move it. */
export interface Clock {
  now(): number;
  every(ms: number, run: () => void): Stop;
  after(ms: number, run: () => void): Stop;
}

export type Connection = "connecting" | "connected" | "offline";

export interface TriageQuery {
  limit: number;
  before?: string;
  status?: TriageStatus;
  provider?: string;
  q?: string;
}

export type SecretName = "cf-access-client-id" | "cf-access-client-secret" | "tunnel-token";

export interface SecretPresence {
  name: SecretName;
  is_set: boolean;
}

export type TunnelRequest =
  | { way: "token"; hostname: string; token: string }
  /** `is_locked`: the person says that the address has its lock, which this way does not make. */
  | { way: "login"; hostname: string; is_locked: boolean }
  | { way: "api"; hostname: string; api_token: string };

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
  /** Ends the whole app, and what it started. */
  quit(): Promise<void>;
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
