/** The one thing to do about a layer, and what its fault means for tickets. */
import type { Layer, LayerStatus, Program, Status } from "../backend/status";
import { PROGRAM } from "./words";

export type Step = "orchestrator" | "model" | "tunnel" | "credentials" | "test";

export type Remedy =
  | { do: "restart"; program: Program; label: string }
  | { do: "retry"; program: Program; label: string }
  | { do: "setup"; step: Step; label: string }
  | { do: "resume"; label: string }
  | { do: "pause"; label: string }
  | { do: "check"; label: string };

/** What pausing stops. */
const STANDS_STILL: readonly Layer[] = ["cloudflared_process", "edge"];

export function remedyOf(layer: LayerStatus, status: Status): Remedy {
  if (layer.health === "ok" || (layer.health === "unknown" && !layer.fix)) return { do: "check", label: "Check again" };
  if (status.paused && STANDS_STILL.includes(layer.layer)) return { do: "resume", label: "Resume" };
  switch (layer.layer) {
    case "ollama_process":
      return program("ollama", status, "model");
    case "cloudflared_process":
      return program("cloudflared", status, "tunnel");
    case "ollama_api":
      return { do: "restart", program: "ollama", label: "Restart Ollama" };
    case "edge":
      // With some of its connections it works, and gets the others back by itself.
      if (layer.health === "warn") return { do: "check", label: "Check again" };
      return { do: "restart", program: "cloudflared", label: "Restart tunnel" };
    case "model":
      return { do: "setup", step: "model", label: "Download the model" };
    case "public_address":
      return { do: "setup", step: "credentials", label: "Check the credentials" };
    case "access_closed":
      return status.paused
        ? { do: "check", label: "Check again" }
        : { do: "pause", label: "Pause and close the tunnel" };
    case "link":
      return {
        do: "setup",
        step: "orchestrator",
        label: status.orchestrator ? "Check the pairing" : "Pair this machine",
      };
    case "orchestrator_view":
      return { do: "setup", step: "credentials", label: "Check the credentials" };
    case "ollama_private":
      return { do: "check", label: "Check again" };
  }
}

function program(program: Program, status: Status, step: Step): Remedy {
  const state = status.programs.find((one) => one.program === program)?.state;
  const name = PROGRAM[program];
  switch (state) {
    case "gave up":
      return { do: "retry", program, label: "Try again" };
    case "not set up":
      return { do: "setup", step, label: "Set up the tunnel" };
    case "not installed":
      return { do: "setup", step, label: `Install ${name}` };
    case "stopped":
    case "waiting":
      return { do: "restart", program, label: `Start ${name} now` };
    default:
      return { do: "restart", program, label: program === "cloudflared" ? "Restart tunnel" : `Restart ${name}` };
  }
}

const CARRIES: readonly Layer[] = [
  "ollama_process",
  "ollama_api",
  "model",
  "cloudflared_process",
  "edge",
  "public_address",
  "orchestrator_view",
];

/** What it means for tickets. */
export function meaning(layer: LayerStatus, status: Status): string {
  if (layer.health === "ok") return "Tickets pass here.";
  if (status.paused && STANDS_STILL.includes(layer.layer)) return status.sentence;
  if (layer.health === "unknown")
    return layer.because ? "Nothing is known until the hop before it works." : "Nothing is known so far.";
  const rest = status.layer === layer.layer ? status.sentence.replace(layer.sentence, "").trim() : "";
  if (rest) return rest;
  if (layer.layer === "access_closed") return "Strangers can use the model on this machine. Tickets are still triaged.";
  if (layer.layer === "link")
    return "Results are not shown here, and the orchestrator does not hear from this machine.";
  if (layer.health === "fail" && CARRIES.includes(layer.layer)) return "No ticket is triaged on this machine.";
  return "Tickets are still triaged on this machine.";
}
