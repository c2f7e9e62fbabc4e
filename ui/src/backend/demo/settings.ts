import type { Backend, Clock, Failure, SettingProblem, Settings } from "../index";

export type Answer = <T>(what: string, make: () => T) => Promise<T>;

const DEFAULTS: Settings = {
  hostname: "ollama.example.com",
  orchestrator: "https://triage.example.com/",
  model: "llama3.2:latest",
  start_paused: false,
  updates: "off",
  ollama_address: "127.0.0.1:11434",
  ollama_path: null,
  cloudflared_path: null,
  mode: "token",
  tunnel_config: null,
  metrics_port: 20241,
  notices_off: ["new_alert"],
  settle_seconds: 30,
  quiet_hours: { from: 22 * 60, until: 7 * 60 },
};

const PACKAGE_BYTES = 24_600_000;

/** The first try finds the machine at work, so that refusing is seen. */
export function updatesOf(clock: Clock, answer: Answer): Pick<Backend, "updates" | "checkForUpdate" | "installUpdate"> {
  let tries = 0;
  return {
    updates: () => answer("updates", () => ({ version: "0.1.0", obstacle: null })),
    checkForUpdate: () =>
      answer("check_for_update", () => ({ version: "0.2.0", notes: "The tunnel is restarted sooner." })),
    installUpdate: async (version, onProgress) => {
      await answer(`install_update ${version}`, () => undefined);
      tries += 1;
      if (tries === 1) {
        throw {
          code: "busy",
          headline: "A ticket is being triaged on this machine. Nothing was installed.",
          what_to_do: "Try again in a moment.",
        } satisfies Failure;
      }
      for (const part of [0.25, 0.5, 0.75, 1]) {
        await new Promise<void>((resolve) => clock.after(400, resolve));
        onProgress({ completed_bytes: PACKAGE_BYTES * part, total_bytes: PACKAGE_BYTES });
      }
    },
  };
}

export function settingsOf(
  answer: Answer,
): Pick<Backend, "settings" | "saveSettings" | "startsAtLogin" | "setStartAtLogin"> {
  let kept = DEFAULTS;
  let atLogin = true;
  return {
    settings: () => answer("settings", () => kept),
    saveSettings: async (settings) => {
      const problems = problemsOf(settings);
      await answer("save_settings", () => undefined);
      if (problems.length > 0) {
        throw {
          code: "bad_settings",
          headline: "Nothing was saved.",
          what_to_do: "Correct what is marked.",
          problems,
        } satisfies Failure;
      }
      kept = structuredClone(settings);
    },
    startsAtLogin: () => answer("starts_at_login", () => atLogin),
    setStartAtLogin: (on) => answer(`set_start_at_login ${on}`, () => void (atLogin = on)),
  };
}

function problemsOf(settings: Settings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (settings.hostname !== null && !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(settings.hostname)) {
    problems.push({
      key: "hostname",
      wrong: "is not a host name",
      what_to_do: "Write it like ollama.example.com, without https:// and without a path.",
    });
  }
  if (!/^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(settings.ollama_address)) {
    problems.push({
      key: "ollama.address",
      wrong: "is not an address of this machine",
      what_to_do: "Write it like 127.0.0.1:11434.",
    });
  }
  if (!settings.model.trim()) {
    problems.push({ key: "model", wrong: "is empty", what_to_do: "Write it like llama3.2:latest." });
  }
  return problems;
}
