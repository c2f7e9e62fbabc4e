/** A scripted backend: the world of a named scenario, on a clock that tests can move (`?scenario=down&clock=still`). */
import type { Triage } from "../bindings";
import { MovableClock, systemClock } from "./clock";
import { EventSource } from "./demo/listeners";
import { lines, next } from "./demo/logs";
import { longWork } from "./demo/long-work";
import { programs, scenario, SCENARIOS, type ScenarioName } from "./demo/scenarios";
import { settingsOf, updatesOf } from "./demo/settings";
import { layers } from "./demo/layers";
import { arrival, detail, short } from "./demo/tickets";
import type { Backend, Connection, Destination, Failure, LogNews } from "./index";
import type { Program, Status } from "./status";

/** When the demo's day is, if its clock stands still. */
export const BEGIN = Date.UTC(2026, 10, 23, 9, 41, 0);

/** What tests can do to the world. */
export interface Demo {
  now(): number;
  advance(ms: number): Promise<void>;
  arrive(): void;
  log(program: Program, count: number): void;
  go(connection: Connection): void;
  change(change: Partial<Status>): void;
  navigate(destination: Destination): void;
  /** Every request, in order: `pause`, `restart cloudflared`, … */
  asked: string[];
}

declare global {
  interface Window {
    demo?: Demo;
  }
}

const NOT_THERE: Failure = {
  code: "agent_failed",
  headline: "The agent could not read it.",
  what_to_do: "Look at its log, then try again.",
};
const NOT_STARTED: Failure = {
  code: "not_started",
  headline: "It could not be started.",
  what_to_do: "See what is wrong with `triage-agent doctor`, then try again.",
};
const OFFLINE: Failure = {
  code: "orchestrator_unreachable",
  headline: "The orchestrator cannot be reached.",
  what_to_do: "Check this machine's internet connection.",
};

export function connect(parameters: URLSearchParams): Backend {
  const still = parameters.get("clock") === "still" ? new MovableClock(BEGIN) : null;
  const clock = still ?? systemClock;
  const wanted = parameters.get("scenario");
  const world = scenario(SCENARIOS.find((name) => name === wanted) ?? ("healthy" satisfies ScenarioName), clock.now());

  const connection = new EventSource<Connection>(world.connection);
  const status = new EventSource<Status>(world.status ?? undefined);
  const triages = new EventSource<Triage>();
  const navigation = new EventSource<Destination>();
  const logs: Record<Program, EventSource<LogNews>> = { ollama: new EventSource(), cloudflared: new EventSource() };
  const kept = { ollama: lines("ollama", clock.now()), cloudflared: lines("cloudflared", clock.now()) };
  const asked: string[] = [];
  let arrived = 0;

  const change = (changes: Partial<Status>): void => {
    if (status.last) status.emit({ ...status.last, ...changes });
  };
  const arrive = (): void => {
    arrived += 1;
    const triage = arrival(arrived, clock.now());
    world.tickets.unshift(triage);
    triages.emit(triage);
    change({ recent: world.tickets.slice(0, 5).map(short) });
  };
  const log = (program: Program, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      const line = next(program, (kept[program].at(-1)?.number ?? 0) + 1, clock.now());
      kept[program].push(line);
      logs[program].emit({ line });
    }
  };
  const answer = async <T>(what: string, make: () => T): Promise<T> => {
    asked.push(what);
    if (world.isSilent) return new Promise(() => undefined);
    if (world.isFailing && /^(triage|correct|stats)/.test(what)) throw OFFLINE;
    if (world.isFailing && /^(evidence|logs|settings)/.test(what)) throw NOT_THERE;
    if (world.isFailing && what.startsWith("restart")) throw NOT_STARTED;
    return structuredClone(make());
  };
  const find = (id: string): Triage => {
    const found = world.tickets.find(({ ticket_id }) => ticket_id === id);
    if (!found)
      throw {
        code: "not_found",
        headline: "There is no such ticket.",
        what_to_do: "It may have been deleted.",
      } satisfies Failure;
    return found;
  };
  const put = (triage: Triage): void => {
    world.tickets = world.tickets.map((one) => (one.ticket_id === triage.ticket_id ? triage : one));
    triages.emit(triage);
  };
  const healthy = (): void => {
    change({
      overall: "healthy",
      sentence: "Tickets are triaged on this machine.",
      layer: null,
      paused: false,
      layers: layers(clock.now()),
      programs: programs("running", "running"),
    });
  };

  if (!still) {
    clock.every(20_000, arrive);
    clock.every(1500, () => log("ollama", 1));
    clock.every(2500, () => log("cloudflared", 1));
  }
  window.demo = {
    now: () => clock.now(),
    advance: (ms) => still?.advance(ms) ?? Promise.resolve(),
    arrive,
    log,
    go: (to) => connection.emit(to),
    change,
    navigate: (to) => navigation.emit(to),
    asked,
  };

  return {
    clock,
    onConnection: (listener) => connection.listen(listener),
    onStatus: (listener) => status.listen(listener),
    onTriage: (listener) => triages.listen(listener),
    onLog: (program, listener) => logs[program].listen(listener),
    onNavigate: (listener) => navigation.listen(listener),

    pause: () =>
      answer("pause", () =>
        change({
          paused: true,
          overall: "paused",
          sentence: "Triage on this machine is paused. New tickets go to Groq.",
          layer: null,
        }),
      ),
    resume: () => answer("resume", healthy),
    restart: (program) => answer(`restart ${program}`, () => void clock.after(2000, healthy)),
    retryProgram: (program) => answer(`retry ${program}`, () => void clock.after(2000, healthy)),
    checkNow: () => answer("check_now", () => undefined),
    evidence: (layer) =>
      answer(`evidence ${layer}`, () => ({
        request:
          layer === "edge"
            ? "GET http://127.0.0.1:20241/ready"
            : "GET https://ollama.example.com/api/version\nCF-Access-Client-Id: ***\nCF-Access-Client-Secret: ***",
        answer:
          layer === "edge"
            ? 'HTTP 503\nContent-Type: application/json\n{"status":503,"readyConnections":0,"connectorId":"0b6c…"}'
            : 'HTTP 200\nContent-Type: application/json\n{"version":"0.32.1"}',
        took_ms: layer === "edge" ? 2 : 38,
        checked_at: new Date(clock.now() - 5000).toISOString(),
        log: kept.cloudflared.slice(-4),
      })),

    triages: (query) =>
      answer("triages", () => {
        const words = query.q?.toLowerCase() ?? "";
        const all = world.tickets
          .filter((triage) => !query.status || triage.status === query.status)
          .filter((triage) => !query.provider || triage.provider === query.provider)
          .filter((triage) => `${triage.subject} ${triage.verdict?.summary}`.toLowerCase().includes(words));
        const from = query.before ? all.findIndex(({ ticket_id }) => ticket_id === query.before) + 1 : 0;
        const items = all.slice(from, from + query.limit);
        return { items, next: from + query.limit < all.length ? (items.at(-1)?.ticket_id ?? null) : null };
      }),
    triage: (id) => answer(`triage ${id}`, () => detail(find(id))),
    retryTriage: (id) =>
      answer(`retry_triage ${id}`, () => {
        const before = find(id);
        put({ ...before, status: "triaging" });
        clock.after(3000, () => put({ ...before, status: before.verdict ? before.status : "waiting" }));
      }),
    correct: (id, correction) =>
      answer(`correct ${id} ${correction.category ?? ""} ${correction.priority ?? ""}`.trim(), () => {
        const before = find(id);
        if (!before.verdict) return;
        const { category, priority, note } = correction;
        const at = new Date(clock.now()).toISOString();
        put({ ...before, correction: { category, priority, note, device_id: "dev-1", device_name: "gpu-box", at } });
      }),
    stats: () =>
      answer("stats", () => {
        const today = world.tickets.filter(
          ({ received_at }) => clock.now() - Date.parse(received_at) < 9.7 * 3_600_000,
        );
        const done = today.filter(({ verdict }) => verdict);
        return {
          window_seconds: 34_860,
          received: today.length,
          triaged: done.length,
          needs_review: today.filter(({ status }) => status === "needs_review").length,
          failed: 0,
          open: world.tickets.filter(({ status }) => status === "waiting").length,
          success_rate: 0.98,
          local_share: done.length ? done.filter(({ provider }) => provider === "local").length / done.length : null,
          latency_ms: { p50: 3900, p95: 5600 },
          to_discord_ms: { p50: 4400, p95: 6300 },
          categories: [],
        };
      }),
    openUrl: (url) => answer(`open ${url}`, () => undefined),
    logs: (program) => answer(`logs ${program}`, () => kept[program]),
    copyText: (text) => answer(`copy ${text}`, () => undefined),
    copyDiagnostics: () => answer("copy_diagnostics", () => undefined),
    saveDiagnostics: () => answer("save_diagnostics", () => "/home/anna/Downloads/hubspot-triage-20261123-094100.zip"),
    quit: () => answer("quit", () => connection.emit("offline")),
    ...settingsOf(answer),
    ...updatesOf(clock, answer),
    ...longWork(clock, answer, change, () => status.last),
  };
}
