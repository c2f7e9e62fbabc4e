import { beforeEach, expect, test, vi } from "vitest";

import { COMMANDS, EVENTS } from "./commands";
import type { Settings } from "./index";
import type { Status } from "./status";

const { invoke, listen } = vi.hoisted(() => ({ invoke: vi.fn(), listen: vi.fn() }));
vi.mock("@tauri-apps/api/core", () => ({
  invoke,
  Channel: class {
    onmessage: ((message: unknown) => void) | null = null;
  },
}));
vi.mock("@tauri-apps/api/event", () => ({ listen }));

const { connect } = await import("./tauri");

beforeEach(() => {
  vi.resetAllMocks();
  invoke.mockResolvedValue(undefined);
  listen.mockResolvedValue(() => undefined);
});

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const ignore = (): void => undefined;

test("every command is asked for by its name, and every event listened to", async () => {
  const backend = connect();
  backend.onConnection(ignore);
  backend.onStatus(ignore);
  backend.onTriage(ignore);
  backend.onLog("ollama", ignore);
  backend.onNavigate(ignore);
  await Promise.all([
    backend.pause(),
    backend.resume(),
    backend.restart("ollama"),
    backend.retryProgram("cloudflared"),
    backend.checkNow(),
    backend.evidence("edge"),
    backend.triages({ limit: 50 }),
    backend.triage("7"),
    backend.retryTriage("7"),
    backend.correct("7", { category: "bug", priority: null, note: null }),
    backend.stats("1h"),
    backend.openUrl("https://app.hubspot.com/"),
    backend.logs("ollama"),
    backend.pair("https://a.example", "K7"),
    backend.pairByLink("hubspot-triage://pair?url=a&code=b"),
    backend.unpair(),
    backend.pullModel("llama3.2", ignore),
    backend.cancelPull(),
    backend.setUpTunnel({ way: "login", hostname: "a.example", is_locked: true }, ignore),
    backend.cancelTunnel(),
    backend.secrets(),
    backend.setSecret("tunnel-token", "t"),
    backend.testSecrets(),
    backend.sendTestTicket(ignore),
    backend.settings(),
    backend.saveSettings({} as Settings),
    backend.updates(),
    backend.checkForUpdate(),
    backend.installUpdate("1.2.3", ignore),
    backend.startsAtLogin(),
    backend.setStartAtLogin(true),
    backend.copyText("words"),
    backend.copyDiagnostics(),
    backend.saveDiagnostics(),
    backend.quit(),
  ]);
  expect([...new Set(invoke.mock.calls.map(([command]) => command as string))].sort()).toEqual([...COMMANDS].sort());
  expect([...new Set(listen.mock.calls.map(([event]) => event as string))].sort()).toEqual([...EVENTS].sort());
  expect(invoke).toHaveBeenCalledWith("correct_triage", {
    ticketId: "7",
    correction: { category: "bug", priority: null, note: null },
  });
});

test("a status that was told meanwhile is not overwritten by an older answer", async () => {
  let answer: (status: Status) => void = ignore;
  invoke.mockReturnValue(new Promise((resolve) => (answer = resolve)));
  const heard: string[] = [];
  connect().onStatus(({ sentence }) => heard.push(sentence));
  const tell = listen.mock.calls[0]?.[1] as (event: { payload: Partial<Status> }) => void;
  tell({ payload: { sentence: "newer" } });
  answer({ sentence: "older" } as Status);
  await settled();
  expect(heard).toEqual(["newer"]);
});

test("who stops listening before it began hears nothing, and leaves nothing behind", async () => {
  const unlisten = vi.fn();
  listen.mockResolvedValue(unlisten);
  const listener = vi.fn();
  connect().onTriage(listener)();
  (listen.mock.calls[0]?.[1] as (event: { payload: unknown }) => void)({ payload: {} });
  await settled();
  expect([listener.mock.calls.length, unlisten.mock.calls.length]).toEqual([0, 1]);
});

test("progress arrives over the request's own channel", async () => {
  const seen: unknown[] = [];
  await connect().pullModel("llama3.2", (progress) => seen.push(progress));
  const [, { progress }] = invoke.mock.calls[0] as [string, { progress: { onmessage: (message: unknown) => void } }];
  progress.onmessage({ completed_bytes: 1 });
  expect(seen).toEqual([{ completed_bytes: 1 }]);
});

test.each([
  [undefined, ["connecting", "connected"]],
  [new Error("no agent"), ["connecting", "offline"]],
])("the connection is known from the first answer", async (error, expected) => {
  if (error) invoke.mockRejectedValue(error);
  const heard: string[] = [];
  connect().onConnection((connection) => heard.push(connection));
  await settled();
  expect(heard).toEqual(expected);
});
