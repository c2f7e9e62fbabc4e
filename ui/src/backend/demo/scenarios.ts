/** Named states of the world for looking at the window: `?scenario=down`. */
import type { Alert, Receipt, Triage } from "../../bindings";
import type { Connection } from "../index";
import type { LayerStatus, OrchestratorStatus, ProgramState, Status } from "../status";
import { DESK } from "./desk";
import { behind, layers } from "./layers";
import { samples, short } from "./tickets";

export const SCENARIOS = [
  "healthy",
  "degraded",
  "down",
  "starting",
  "paused",
  "empty",
  "loading",
  "offline",
  "exposed",
  "gave-up",
  "failing",
  "expiring",
  "alerts",
  "first-run",
  "forgotten",
] as const;

export type ScenarioName = (typeof SCENARIOS)[number];

export interface Scenario {
  connection: Connection;
  /** None before the agent has said anything. */
  status: Status | null;
  tickets: Triage[];
  /** Requests to the orchestrator fail. */
  isFailing: boolean;
  /** Requests are never answered. */
  isSilent: boolean;
}

const MINUTE = 60_000;

export function scenario(name: ScenarioName, now: number): Scenario {
  const tickets = samples(now);
  const usual: Scenario = {
    connection: "connected",
    status: status(now, tickets),
    tickets,
    isFailing: false,
    isSilent: false,
  };
  const ago = (ms: number): string => new Date(now - ms).toISOString();
  const of = (
    overall: Status["overall"],
    sentence: string,
    layer: Status["layer"],
    found: LayerStatus[],
    more: Partial<Status> = {},
  ): Scenario => ({
    ...usual,
    status: { ...status(now, tickets), overall, sentence, layer, layers: found, ...more },
  });
  switch (name) {
    case "healthy":
      return usual;
    case "degraded": {
      const sentence = "Only 2 of 4 connections to Cloudflare are up.";
      const edge = {
        health: "warn" as const,
        sentence,
        since: ago(11 * MINUTE),
        latency_ms: 4,
        fix: "Nothing, unless it stays like this: then check this machine's internet connection.",
      };
      return of("degraded", sentence, "edge", layers(now, { edge }));
    }
    case "down": {
      const sentence = "Cloudflare cannot reach this machine.";
      const edge = {
        health: "fail" as const,
        sentence,
        since: ago(6 * MINUTE),
        latency_ms: null,
        fix: "Check this machine's internet connection, then restart the tunnel.",
      };
      const found = layers(now, {
        edge,
        public_address: behind("edge"),
        access_closed: behind("edge"),
        orchestrator_view: behind("edge"),
      });
      return of("down", `${sentence} New tickets go to Groq.`, "edge", found, {
        programs: programs("running", "not ready"),
      });
    }
    case "gave-up": {
      const sentence = "cloudflared refused the tunnel token.";
      const cloudflared_process = {
        health: "fail" as const,
        sentence,
        since: ago(24 * MINUTE),
        fix: "Store the token again, then try again.",
      };
      const found = layers(now, {
        cloudflared_process,
        edge: behind("cloudflared_process"),
        public_address: behind("cloudflared_process"),
        access_closed: behind("cloudflared_process"),
        orchestrator_view: behind("cloudflared_process"),
      });
      return of("down", `${sentence} New tickets wait.`, "cloudflared_process", found, {
        programs: programs("running", "gave up"),
      });
    }
    case "exposed": {
      const sentence = "Exposed: anybody on the internet can reach Ollama on this machine.";
      const access_closed = {
        health: "fail" as const,
        sentence,
        since: ago(90_000),
        latency_ms: 33,
        fix: "Protect the address with a Cloudflare Access application, and stop the tunnel until then.",
      };
      return of("degraded", sentence, "access_closed", layers(now, { access_closed }), {
        orchestrator: orchestrator(now, false),
      });
    }
    case "starting": {
      const waits = { health: "unknown" as const, since: ago(4000) };
      const found = layers(now, {
        ollama_process: { ...waits, sentence: "Ollama is starting." },
        ollama_api: { ...behind("ollama_process") },
        model: behind("ollama_process"),
        ollama_private: behind("ollama_process"),
        cloudflared_process: { ...waits, sentence: "cloudflared is starting." },
        edge: behind("cloudflared_process"),
        public_address: behind("cloudflared_process"),
        access_closed: behind("cloudflared_process"),
        orchestrator_view: behind("cloudflared_process"),
      });
      return of("starting", "Ollama is starting.", "ollama_process", found, {
        programs: programs("starting", "starting"),
        models: [],
      });
    }
    case "paused": {
      const cloudflared_process = {
        health: "fail" as const,
        sentence: "cloudflared is stopped.",
        since: ago(40 * MINUTE),
        fix: "Start cloudflared.",
      };
      const found = layers(now, {
        cloudflared_process,
        edge: behind("cloudflared_process"),
        public_address: behind("cloudflared_process"),
        access_closed: behind("cloudflared_process"),
        orchestrator_view: behind("cloudflared_process"),
      });
      return of("paused", "Triage on this machine is paused. New tickets go to Groq.", null, found, {
        paused: true,
        programs: programs("running", "stopped"),
      });
    }
    case "expiring":
      return of("healthy", "Tickets are triaged on this machine.", null, layers(now), {
        access_ends_at: new Date(now + 6.5 * 24 * 60 * MINUTE).toISOString(),
        notes: ["There is no keychain on this machine: secrets are kept until the agent ends."],
      });
    case "alerts": {
      const since = (minutes: number): string => ago(minutes * MINUTE);
      return of("healthy", "Tickets are triaged on this machine.", null, layers(now), {
        alerts: { open: [slow(since(22)), silent(since(140))], recent: [failing(since(190), since(170))] },
      });
    }
    case "empty":
      return { ...usual, tickets: [], status: { ...status(now, []), sentence: "This machine is ready for tickets." } };
    case "loading":
      return { ...usual, connection: "connecting", status: null, isSilent: true };
    case "offline":
      return { ...usual, connection: "offline" };
    case "failing":
      return { ...usual, isFailing: true };
    case "forgotten": {
      const sentence = "The orchestrator does not know this machine any more.";
      const link = {
        health: "fail" as const,
        sentence,
        since: ago(3 * MINUTE),
        fix: "Pair this machine: `orchestrator pair` prints the code and the link for `triage-agent pair`.",
      };
      return of("degraded", sentence, "link", layers(now, { link }));
    }
    case "first-run":
      return { ...usual, tickets: [], status: firstRun(now) };
  }
}

function status(now: number, tickets: Triage[]): Status {
  return {
    version: "0.1.0",
    started_at: new Date(now - 26 * 60 * MINUTE).toISOString(),
    overall: "healthy",
    sentence: "Tickets are triaged on this machine.",
    layer: null,
    paused: false,
    layers: layers(now),
    programs: programs("running", "running"),
    models: [{ name: "llama3.2:latest", size_bytes: 3_400_000_000, gpu_percent: 100 }],
    notes: [],
    recent: tickets.slice(0, 5).map(short),
    orchestrator: orchestrator(now, true),
    alerts: { open: [], recent: [] },
    desk: DESK,
    access_ends_at: new Date(now + 210 * 24 * 60 * MINUTE).toISOString(),
  };
}

export function programs(ollama: ProgramState, cloudflared: ProgramState): Status["programs"] {
  return [
    { program: "ollama", state: ollama, pid: 4242, starts: 1, lines: 1204, dropped: 0 },
    {
      program: "cloudflared",
      state: cloudflared,
      pid: cloudflared === "running" ? 4243 : null,
      starts: 3,
      lines: 8311,
      dropped: 37,
    },
  ];
}

function orchestrator(now: number, closed: boolean): OrchestratorStatus {
  const url = "https://triage.example.com";
  const heard_at = new Date(now - 9000).toISOString();
  return { url, version: "0.1.0", heard_at, tunnel: null, receipt: receipt(now, closed) };
}

function receipt(now: number, closed: boolean): Receipt {
  const answer = closed ? "refused with 403" : "answered by Ollama";
  return {
    checked_at: new Date(now - 2 * MINUTE).toISOString(),
    url: "https://ollama.example.com",
    closed,
    checks: [
      {
        what: "without_token",
        refused: closed,
        status: closed ? 403 : 200,
        sentence: `A call without a token was ${answer}.`,
      },
      {
        what: "wrong_token",
        refused: closed,
        status: closed ? 403 : 200,
        sentence: `A call with a wrong token was ${answer}.`,
      },
      {
        what: "/api/delete",
        refused: true,
        status: 404,
        sentence: "A path that must not be served was refused with 404.",
      },
    ],
  };
}

const alert = (kind: string, severity: string, sentence: string, what_to_do: string, raised_at: string): Alert => ({
  id: kind,
  kind,
  subject: "",
  severity,
  sentence,
  what_to_do,
  raised_at,
  cleared_at: null,
});
const slow = (since: string): Alert =>
  alert(
    "slow",
    "page",
    "Half of the calls to models failed in the last 15 minutes.",
    "Look at the tickets that failed, and at Ollama's log.",
    since,
  );
const silent = (since: string): Alert =>
  alert(
    "device_silent",
    "email",
    "The machine office-mac has been silent for two hours.",
    "Wake it, or unpair it.",
    since,
  );
const failing = (since: string, until: string): Alert => ({
  ...alert("waiting", "page", "A ticket waited for more than 10 minutes.", "Look at what it waits for.", since),
  cleared_at: until,
});

function firstRun(now: number): Status {
  const fresh = (sentence: string, fix: string | null = null) => ({
    health: "warn" as const,
    sentence,
    fix,
    latency_ms: null,
  });
  const open = { health: "unknown" as const, sentence: "There is no public address to lock so far.", latency_ms: null };
  const found = layers(now, {
    model: {
      health: "fail",
      sentence: "The model llama3.2:latest is not installed.",
      fix: "Download it in Setup, or with: triage-agent pull llama3.2:latest.",
    },
    cloudflared_process: {
      health: "fail",
      sentence: "The tunnel is not set up so far.",
      fix:
        "Set it up in Setup or with `triage-agent tunnel setup`, or give it the token of your tunnel: " +
        "`triage-agent secrets set tunnel-token`.",
    },
    edge: behind("cloudflared_process"),
    public_address: { ...behind("cloudflared_process") },
    access_closed: open,
    link: fresh(
      "This machine is not paired with an orchestrator.",
      "Pair this machine: open the link that `orchestrator pair` prints.",
    ),
    orchestrator_view: behind("link"),
  }).map((layer) => ({ ...layer, history: layer.history.slice(-3) }));
  return {
    ...status(now, []),
    overall: "down",
    sentence: "The model llama3.2:latest is not installed. No ticket is triaged here.",
    layer: "model",
    layers: found,
    programs: programs("running", "not set up"),
    models: [],
    orchestrator: null,
    desk: null,
    access_ends_at: null,
  };
}
