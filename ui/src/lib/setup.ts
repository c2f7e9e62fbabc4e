/** Where setting up stands, from what is seen: so it can be left and taken up again at any time. */
import type { Health, Layer, Status } from "../backend/status";
import type { Step } from "./remedy";

export type { Step } from "./remedy";

/** `blocked`: another step comes first. `doubtful`: it works, but its check did not simply pass. */
export type StepState = "done" | "open" | "checking" | "failed" | "blocked" | "doubtful";

export interface SetupStep {
  step: Step;
  title: string;
  /** What the step is for. */
  about: string;
  state: StepState;
  sentence: string;
}

export const STEPS: readonly { step: Step; title: string; about: string }[] = [
  {
    step: "orchestrator",
    title: "Orchestrator",
    about: "Pair this machine with the service that receives the tickets.",
  },
  { step: "model", title: "Ollama and model", about: "The model reads the tickets on this machine." },
  { step: "tunnel", title: "Tunnel", about: "The way from Cloudflare to this machine." },
  { step: "credentials", title: "Access credentials", about: "Only calls with this service token get through." },
  { step: "test", title: "Test ticket", about: "A made-up ticket takes the whole way to Discord." },
];

const LAYERS: Record<Exclude<Step, "test">, readonly Layer[]> = {
  orchestrator: ["link"],
  model: ["ollama_process", "ollama_api", "model"],
  tunnel: ["cloudflared_process", "edge"],
  credentials: ["public_address", "access_closed"],
};

export function steps(status: Status, isTested: boolean): SetupStep[] {
  const checked = STEPS.filter(({ step }) => step !== "test").map((known) => ofLayers(known, status));
  const first = checked.find(({ state }) => state !== "done" && state !== "doubtful");
  const test = STEPS[4];
  if (!test) return checked;
  const state: StepState = isTested ? "done" : first ? "blocked" : "open";
  const sentence = isTested ? "A test ticket reached Discord." : first ? `Comes after: ${first.title}.` : test.about;
  return [...checked, { ...test, state, sentence }];
}

function ofLayers(known: (typeof STEPS)[number], status: Status): SetupStep {
  const { step, about } = known;
  const layers = status.layers.filter(({ layer }) => LAYERS[step as Exclude<Step, "test">].includes(layer));
  const is = (state: StepState, sentence: string): SetupStep => ({ ...known, state, sentence });
  const notPaired = step === "orchestrator" && status.orchestrator === null;
  if (notPaired) return is("open", about);
  const bad = layers.find(({ health }) => health === "fail") ?? layers.find(({ health }) => health === "warn");
  const open = layers.find(({ health }) => health === "unknown");
  if (layers.length === 0) return is("checking", "Being checked.");
  if (bad && isFault(bad.health, step)) {
    return is(wasSetUp(step, bad.layer, status) ? "failed" : "open", bad.sentence);
  }
  if (bad) return is("doubtful", bad.sentence);
  if (open) return is(open.because ? "blocked" : "checking", open.sentence);
  return is("done", layers.at(-1)?.sentence ?? about);
}

/** What was never set up has not failed: it is still to be done. */
function wasSetUp(step: Step, bad: Layer, status: Status): boolean {
  if (status.orchestrator === null || bad === "model") return false;
  // The orchestrator looks at an address as soon as it has one.
  return step === "orchestrator" || step === "model" || status.orchestrator.receipt !== null;
}

/** A warning of what tickets pass through is no fault; of the pairing and of the lock it means that they are not there. */
function isFault(health: Health, step: Step): boolean {
  return health === "fail" || step === "orchestrator" || step === "credentials";
}

/** The step to begin with: the first that is not done. */
export function current(steps: readonly SetupStep[]): Step | null {
  return steps.find(({ state }) => state !== "done")?.step ?? null;
}

/** `hubspot-triage://pair?url=…&code=…` in its parts; `null` when it is not such a link. */
export function readPairLink(text: string): { url: string; code: string } | null {
  const match = /^hubspot-triage:\/\/pair\/?\?(.+)$/.exec(text.trim());
  if (!match?.[1]) return null;
  const parameters = new URLSearchParams(match[1]);
  const url = parameters.get("url");
  const code = parameters.get("code");
  return url && code ? { url, code } : null;
}
