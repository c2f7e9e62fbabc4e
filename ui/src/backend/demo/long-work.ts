/** Pairing, downloads, the tunnel, credentials, the test ticket: everything that takes its time. */
import type { Backend, CheckResult, Clock, Failure, PullProgress, SecretName, TestHop, TunnelStep } from "../index";
import type { Layer, Status } from "../status";
import { layers } from "./layers";
import type { Answer } from "./settings";

type Work = Pick<
  Backend,
  | "pair"
  | "pairByLink"
  | "unpair"
  | "pullModel"
  | "cancelPull"
  | "setUpTunnel"
  | "cancelTunnel"
  | "secrets"
  | "setSecret"
  | "testSecrets"
  | "sendTestTicket"
>;

const CANCELLED: Failure = {
  code: "cancelled",
  headline: "Stopped.",
  what_to_do: "What is here is kept; it goes on from there.",
};
const HOPS: [TestHop, number][] = [
  ["orchestrator", 38],
  ["cloudflare", 21],
  ["cloudflared", 9],
  ["ollama", 4],
  ["model", 3870],
  ["discord", 312],
];
/** What Groq takes for a verdict. */
const GROQ_MS = 640;
const TUNNEL = [
  "Log in to Cloudflare",
  "Create the tunnel",
  "Point the address at it",
  "Write and check its rules",
  "Connect",
  "Lock the address",
];

export function longWork(
  clock: Clock,
  answer: Answer,
  change: (changes: Partial<Status>) => void,
  status: () => Status | undefined,
): Work {
  const present = new Map<SecretName, boolean>([
    ["cf-access-client-id", status()?.orchestrator != null],
    ["cf-access-client-secret", status()?.orchestrator != null],
    ["tunnel-token", status()?.orchestrator != null],
  ]);
  let cancelPull: (() => void) | null = null;
  let cancelTunnel: (() => void) | null = null;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  const heal = (healed: Layer[]): void => {
    const before = status();
    if (!before) return;
    const well = layers(clock.now());
    const now = before.layers.map((layer) => {
      const fine = well.find((one) => one.layer === layer.layer);
      return healed.includes(layer.layer) && fine ? { ...fine, history: layer.history } : layer;
    });
    const isWell = now.every(({ health }) => health === "ok");
    change({
      layers: now,
      ...(isWell ? { overall: "healthy" as const, sentence: "This machine is ready for tickets.", layer: null } : {}),
    });
  };
  const pair = async (what: string, url: string, code: string): Promise<void> => {
    await answer(what, () => undefined);
    await wait(800);
    if (/0{4}|bad/i.test(code)) {
      throw {
        code: "code_not_known",
        headline: "The orchestrator does not know this code.",
        what_to_do: "Codes are good once and for 15 minutes. Ask for a new one with: orchestrator pair.",
      } satisfies Failure;
    }
    change({ orchestrator: { url, version: "0.1.0", heard_at: null, tunnel: null, receipt: null } });
    heal(["link"]);
  };
  return {
    pair: (url, code) => pair("pair", url, code),
    pairByLink: (link) => pair("pair_by_link", new URL(link).searchParams.get("url") ?? "", link),
    unpair: () => answer("unpair", () => change({ orchestrator: null })),

    async pullModel(model, onProgress) {
      await answer(`pull ${model}`, () => undefined);
      const total = 2_019_393_189;
      const progress: PullProgress = {
        status: "pulling manifest",
        completed_bytes: 0,
        total_bytes: 0,
        bytes_per_second: null,
      };
      onProgress({ ...progress });
      await new Promise<void>((resolve, reject) => {
        const stop = clock.every(500, () => {
          progress.status = "pulling dde5aa3fc5ff";
          progress.total_bytes = total;
          progress.bytes_per_second = 48_200_000;
          progress.completed_bytes = Math.min(total, progress.completed_bytes + 24_100_000);
          onProgress({ ...progress });
          if (progress.completed_bytes === total) {
            stop();
            resolve();
          }
        });
        cancelPull = () => {
          stop();
          reject(CANCELLED);
        };
      });
      heal(["model"]);
    },
    cancelPull: () => answer("cancel_pull", () => cancelPull?.()),

    async setUpTunnel(request, onProgress) {
      await answer(`tunnel ${request.way} ${request.hostname}`, () => undefined);
      const names = request.way === "token" ? TUNNEL.slice(3) : TUNNEL;
      const steps: TunnelStep[] = names.map((step) => ({ step, state: "waiting", sentence: "", open_url: null }));
      let isCancelled = false;
      cancelTunnel = () => (isCancelled = true);
      for (const step of steps) {
        step.state = "running";
        step.open_url =
          request.way === "login" && step.step === TUNNEL[0] ? "https://dash.cloudflare.com/argotunnel" : null;
        onProgress(structuredClone(steps));
        await wait(1200);
        if (isCancelled) throw CANCELLED;
        step.state = "done";
        step.open_url = null;
      }
      onProgress(structuredClone(steps));
      present.set("tunnel-token", true);
      heal(["cloudflared_process", "edge"]);
    },
    cancelTunnel: () => answer("cancel_tunnel", () => cancelTunnel?.()),

    secrets: () => answer("secrets", () => [...present].map(([name, is_set]) => ({ name, is_set }))),
    setSecret: (name) => answer(`set_secret ${name}`, () => void present.set(name, true)),
    async testSecrets(): Promise<CheckResult[]> {
      await answer("test_secrets", () => undefined);
      await wait(600);
      const edge = status()?.layers.find(({ layer }) => layer === "edge");
      if (edge?.health !== "ok") {
        return [
          {
            what: "With the token",
            ok: false,
            sentence: "Cloudflare knows no connection of the tunnel behind the public address.",
            what_to_do: "Set the tunnel up first.",
            latency_ms: 44,
          },
        ];
      }
      heal(["public_address", "access_closed", "orchestrator_view"]);
      return [
        {
          what: "With the token",
          ok: true,
          sentence: "A call through the public address arrives here.",
          what_to_do: null,
          latency_ms: 41,
        },
        {
          what: "Without the token",
          ok: true,
          sentence: "Calls without the service token are refused.",
          what_to_do: null,
          latency_ms: 29,
        },
      ];
    },

    async sendTestTicket(onStep) {
      await answer("send_test_ticket", () => undefined);
      const isDown = status()?.layers.some(({ layer, health }) => layer === "edge" && health !== "ok") ?? false;
      let total = 0;
      const reach = async (hop: TestHop, took_ms: number): Promise<void> => {
        await wait(took_ms);
        total += took_ms;
        onStep({ kind: "reached", hop, took_ms });
      };
      for (const [hop, took_ms] of isDown ? HOPS.slice(0, 2) : HOPS) await reach(hop, took_ms);
      if (isDown) {
        await wait(GROQ_MS);
        total += GROQ_MS;
        onStep({
          kind: "failed",
          hop: "cloudflared",
          why: "Cloudflare cannot reach this machine.",
          what_to_do: "Check this machine's internet connection, then restart the tunnel.",
        });
        await reach("discord", 312);
      }
      onStep({ kind: "done", total_ms: total, elsewhere: isDown ? "Groq" : null });
    },
  };
}
