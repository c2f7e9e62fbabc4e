/** The backend inside the tray app. Progress comes over a channel of its own per request. */
import { Channel, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { LogMessage } from "../bindings";
import type { Backend, Connection, Stop } from "./index";
import type { Command, EventName } from "./commands";
import type { Status } from "./status";
import { systemClock } from "./clock";

const call = <T>(command: Command, args: Record<string, unknown> = {}): Promise<T> => invoke<T>(command, args);

/** `listen` answers later; a listener stopped before that must not be left behind. */
function on<T>(event: EventName, listener: (payload: T) => void): Stop {
  let stopped = false;
  let stop: Stop | undefined;
  void listen<T>(event, ({ payload }) => {
    if (!stopped) listener(payload);
  }).then((unlisten) => {
    stop = unlisten;
    if (stopped) unlisten();
  });
  return () => {
    stopped = true;
    stop?.();
  };
}

function channel<T>(onMessage: (message: T) => void): Channel<T> {
  const channel = new Channel<T>();
  channel.onmessage = onMessage;
  return channel;
}

export function connect(): Backend {
  return {
    clock: systemClock,

    onConnection: (listener) => {
      listener("connecting");
      let heard = false;
      const stop = on<Connection>("connection", (connection) => {
        heard = true;
        listener(connection);
      });
      call<Status>("status").then(
        () => heard || listener("connected"),
        () => heard || listener("offline"),
      );
      return stop;
    },
    onStatus: (listener) => {
      let heard = false;
      const stop = on<Status>("status", (status) => {
        heard = true;
        listener(status);
      });
      // An event that came meanwhile is newer than this answer. Failing is said by the connection.
      call<Status>("status").then(
        (status) => heard || listener(status),
        () => undefined,
      );
      return stop;
    },
    onTriage: (listener) => on("triage", listener),
    onLog: (program, listener) =>
      on<LogMessage>("log", (message) => {
        if (message.program === program) listener(message.news);
      }),
    onNavigate: (listener) => on("navigate", listener),

    pause: () => call("pause"),
    resume: () => call("resume"),
    restart: (program) => call("restart_program", { program }),
    retryProgram: (program) => call("retry_program", { program }),
    checkNow: () => call("check_now"),
    evidence: (layer) => call("evidence", { layer }),

    triages: (query) => call("list_triages", { query }),
    triage: (ticketId) => call("show_triage", { ticketId }),
    retryTriage: (ticketId) => call("retry_triage", { ticketId }),
    correct: (ticketId, correction) => call("correct_triage", { ticketId, correction }),
    stats: (window) => call("stats", { window }),
    openUrl: (url) => call("open_url", { url }),

    logs: (program) => call("logs", { program }),

    pair: (url, code) => call("pair", { url, code }),
    pairByLink: (link) => call("pair_by_link", { link }),
    unpair: () => call("unpair"),
    pullModel: (model, onProgress) => call("pull_model", { model, progress: channel(onProgress) }),
    cancelPull: () => call("cancel_pull"),
    setUpTunnel: (request, onProgress) => call("set_up_tunnel", { request, progress: channel(onProgress) }),
    cancelTunnel: () => call("cancel_tunnel"),
    secrets: () => call("secrets"),
    setSecret: (name, value) => call("set_secret", { name, value }),
    testSecrets: () => call("test_secrets"),
    sendTestTicket: (onStep) => call("send_test_ticket", { progress: channel(onStep) }),

    settings: () => call("settings"),
    saveSettings: (settings) => call("save_settings", { settings }),
    updates: () => call("updates"),
    checkForUpdate: () => call("check_for_update"),
    installUpdate: (version, onProgress) => call("install_update", { version, progress: channel(onProgress) }),
    startsAtLogin: () => call("starts_at_login"),
    setStartAtLogin: (on) => call("set_start_at_login", { on }),
    copyText: (text) => call("copy_text", { text }),
    copyDiagnostics: () => call("copy_diagnostics"),
    saveDiagnostics: () => call("save_diagnostics"),
    quit: () => call("quit"),
  };
}
