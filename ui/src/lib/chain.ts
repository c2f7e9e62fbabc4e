/** The ten layers as the six hops of a ticket's way. */
import type { Bucket, Health, Layer, LayerStatus, Status } from "../backend/status";
import { combine, worse } from "./sparkline";
import { took } from "./time";

export type HopName = "hubspot" | "orchestrator" | "cloudflare" | "cloudflared" | "ollama" | "model";

export interface Hop {
  name: HopName;
  title: string;
  health: Health;
  /** The layer that the hop's state comes from; none of HubSpot, which is not looked at from here. */
  layer: LayerStatus | null;
  layers: LayerStatus[];
  /** One or two words on how it is. */
  fact: string;
  latency_ms: number | null;
  history: Bucket[];
  /** The title of the hop that has to work first. */
  because: string | null;
  /** It stands still because the person wants it so. */
  isPaused: boolean;
}

const HOPS: readonly { name: HopName; title: string; layers: readonly Layer[]; works: string }[] = [
  { name: "hubspot", title: "HubSpot", layers: [], works: "" },
  { name: "orchestrator", title: "Orchestrator", layers: ["link", "orchestrator_view"], works: "answers" },
  { name: "cloudflare", title: "Cloudflare", layers: ["access_closed", "public_address"], works: "closed" },
  { name: "cloudflared", title: "cloudflared", layers: ["cloudflared_process", "edge"], works: "connected" },
  { name: "ollama", title: "Ollama", layers: ["ollama_process", "ollama_api", "ollama_private"], works: "answers" },
  { name: "model", title: "Model", layers: ["model"], works: "ready" },
];

const TROUBLE: Record<Layer, string> = {
  ollama_process: "not running",
  ollama_api: "no answer",
  model: "missing",
  ollama_private: "open",
  cloudflared_process: "not running",
  edge: "not connected",
  public_address: "not reachable",
  access_closed: "exposed",
  link: "no answer",
  orchestrator_view: "cannot use it",
};

export function hops(status: Status): Hop[] {
  return HOPS.map(({ name, title, layers: wanted, works }) => {
    const layers = status.layers.filter(({ layer }) => wanted.includes(layer));
    if (name === "hubspot") return hubspot(status, title);
    const judged = layers.filter(({ because }) => because === null);
    // What waits for another hop says nothing about this one, unless there is nothing else to go by.
    const decisive = judged.length > 0 ? judged : layers;
    const health = decisive.reduce<Health | null>((found, { health }) => worse(found, health), null) ?? "unknown";
    const layer = decisive.find((layer) => layer.health === health) ?? null;
    const isPaused = status.paused && name === "cloudflared" && health !== "ok";
    const because = layer?.health === "unknown" && layer.because ? hopTitle(layer.because) : null;
    return {
      name,
      title,
      health: isPaused ? "unknown" : health,
      layer,
      layers,
      fact: isPaused ? "paused" : health === "ok" ? wellOf(status, name, layers, works) : factOf(status, health, layer),
      // How long the orchestrator's own look at the model took says nothing about the way to it.
      latency_ms: longest(name === "orchestrator" ? layers.filter(({ layer }) => layer === "link") : layers),
      history: combine(layers.map(({ history }) => history)),
      because: because === title ? null : because,
      isPaused,
    };
  });
}

/** The figure that tells most of a hop that works; a plain word where the agent's sentence has none. */
function wellOf(status: Status, name: HopName, layers: readonly LayerStatus[], works: string): string {
  const of = (wanted: Layer): LayerStatus | undefined => layers.find(({ layer }) => layer === wanted);
  switch (name) {
    case "orchestrator": {
      const latency = of("link")?.latency_ms ?? null;
      return latency === null ? works : took(latency);
    }
    case "cloudflared": {
      const [, connections] = /(\d+) of \d+ connections/.exec(of("edge")?.sentence ?? "") ?? [];
      return connections ? `${connections} conn.` : works;
    }
    case "ollama":
      return /^Ollama (\d\S*) answers/.exec(of("ollama_api")?.sentence ?? "")?.[1] ?? works;
    case "model":
      return status.models.some(({ name }) => of("model")?.sentence.startsWith(`${name} `)) ? "loaded" : works;
    case "hubspot":
    case "cloudflare":
      return works;
  }
}

function factOf(status: Status, health: Exclude<Health, "ok">, layer: LayerStatus | null): string {
  switch (health) {
    case "warn":
      return layer?.layer === "link" ? "not paired" : "needs a look";
    case "fail":
      return layer ? (absent(status, layer.layer) ?? TROUBLE[layer.layer]) : "not working";
    case "unknown":
      return layer?.because ? "not checked" : "checking";
  }
}

/** What a program that does not run lacks, when it has never been able to. */
function absent(status: Status, layer: Layer): string | null {
  const state = status.programs.find(({ program }) => layer === `${program}_process`)?.state;
  return state === "not set up" || state === "not installed" ? state : null;
}

/** HubSpot shows itself by its tickets only. */
function hubspot(status: Status, title: string): Hop {
  const seen = status.recent.length > 0;
  return {
    name: "hubspot",
    title,
    health: seen ? "ok" : "unknown",
    layer: null,
    layers: [],
    fact: seen ? "sends tickets" : "no ticket yet",
    latency_ms: null,
    history: [],
    because: null,
    isPaused: false,
  };
}

function longest(layers: readonly LayerStatus[]): number | null {
  const latencies = layers.flatMap(({ latency_ms }) => (latency_ms === null ? [] : [latency_ms]));
  return latencies.length ? Math.max(...latencies) : null;
}

export function hopOf(layer: Layer): HopName {
  return HOPS.find(({ layers }) => layers.includes(layer))?.name ?? "hubspot";
}

function hopTitle(layer: Layer): string {
  return HOPS.find(({ layers }) => layers.includes(layer))?.title ?? layer;
}

export type Line = "solid" | "broken" | "unknown";

/** The line between two hops: broken when it leads into a broken hop. */
export function lineInto(hop: Hop): Line {
  if (hop.health === "fail") return "broken";
  return hop.because || hop.isPaused ? "unknown" : "solid";
}
