import type { Bucket, Health, Layer, LayerStatus } from "../status";

const TITLES: Record<Layer, string> = {
  ollama_process: "Ollama",
  ollama_api: "Ollama's answer",
  model: "Model",
  ollama_private: "Ollama's privacy",
  cloudflared_process: "cloudflared",
  edge: "Connection to Cloudflare",
  public_address: "Public address",
  access_closed: "Lock on the address",
  link: "Orchestrator",
  orchestrator_view: "Orchestrator's view",
};

const WELL: Record<Layer, { sentence: string; latency_ms: number | null }> = {
  ollama_process: { sentence: "Ollama is running.", latency_ms: null },
  ollama_api: { sentence: "Ollama 0.32.1 answers.", latency_ms: 3 },
  model: { sentence: "llama3.2:latest is loaded.", latency_ms: 5 },
  ollama_private: { sentence: "Only this machine can reach Ollama directly.", latency_ms: null },
  cloudflared_process: { sentence: "cloudflared is running.", latency_ms: null },
  edge: { sentence: "Connected to Cloudflare, 4 of 4 connections.", latency_ms: 2 },
  public_address: { sentence: "A call through the public address arrives here.", latency_ms: 41 },
  access_closed: { sentence: "Calls without the service token are refused.", latency_ms: 29 },
  link: { sentence: "The orchestrator answers.", latency_ms: 38 },
  orchestrator_view: { sentence: "The orchestrator can use the model.", latency_ms: 64 },
};

export const LAYERS = Object.keys(TITLES) as Layer[];

export type Finding = Partial<Omit<LayerStatus, "layer" | "title" | "history">>;

/** All layers working for some hours, but for those named. */
export function layers(now: number, differ: Partial<Record<Layer, Finding>> = {}): LayerStatus[] {
  return LAYERS.map((layer, index) => {
    const finding = differ[layer] ?? {};
    const health = finding.health ?? "ok";
    return {
      layer,
      title: TITLES[layer],
      health,
      sentence: WELL[layer].sentence,
      fix: null,
      because: null,
      since: new Date(now - 7 * 3_600_000).toISOString(),
      latency_ms: health === "ok" ? WELL[layer].latency_ms : null,
      history: history(index + 1, health, WELL[layer].latency_ms),
      ...finding,
    };
  });
}

export function behind(layer: Layer): Finding {
  return { health: "unknown", sentence: `Not checked, because of: ${TITLES[layer]}.`, because: layer };
}

/** The same day every time: some spikes, a short fault, and at the end what is the case now. */
function history(seed: number, now: Health, latency: number | null): Bucket[] {
  let state = seed * 7919;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  return Array.from({ length: 288 }, (_, index) => {
    const isLast = index >= 284;
    const spike = random() > 0.96 ? 2.6 : 1;
    const median = latency === null ? null : Math.round(latency * (0.7 + random() * 0.5) * spike);
    const worst: Health = isLast ? now : seed === 6 && index > 92 && index < 98 ? "warn" : "ok";
    return { worst, median_ms: median, longest_ms: median === null ? null : median * 2 };
  });
}
