/** What the whole window shares: what was last heard, what time it is, where it is, and what was last done. */
import { getContext, setContext } from "svelte";

import { failureOf, type Backend, type Connection, type Failure, type Settings, type Stop } from "../backend";
import type { Status } from "../backend/status";
import type { KnownDesk } from "../lib/desk";
import type { Step } from "../lib/remedy";
import { PAGES, type Page } from "../lib/pages";
import { SetupWork } from "./setup.svelte";

const WAS_SET_UP = "setup.left";
const NO_SHORTCUTS = "shortcuts.off";

export class App {
  connection = $state<Connection>("connecting");
  status = $state.raw<Status | null>(null);
  /** When the status was heard. */
  heardAt = $state(0);
  now = $state(0);
  page = $state<Page>("overview");
  ticketId = $state<string | null>(null);
  /** The step of Setup that was asked for. */
  step = $state<Step | null>(null);
  /** A pairing link that was opened outside, to be confirmed in Setup. */
  pairLink = $state("");
  /** Said politely, and shown for a while. */
  said = $state("");
  failure = $state<Failure | null>(null);
  /** Settings as they are typed and not saved; they outlive the page. */
  draft = $state.raw<Settings | null>(null);
  /** Single keys do something; who speaks to the machine, or touches keys by mistake, can do without. */
  hasShortcuts = $state(localStorage.getItem(NO_SHORTCUTS) === null);
  /** A dialog over the page, by name. */
  dialog = $state<"shortcuts" | null>(null);

  readonly setup: SetupWork;

  private readonly stops: Stop[] = [];
  private forget: Stop | null = null;

  /** The words of the support desk, once they are known. */
  get desk(): KnownDesk {
    return this.status?.desk;
  }

  constructor(readonly backend: Backend) {
    this.setup = new SetupWork(backend);
    this.now = backend.clock.now();
    this.read();
  }

  start(): void {
    const { backend } = this;
    this.stops.push(
      backend.onConnection((connection) => (this.connection = connection)),
      backend.onStatus((status) => this.hear(status)),
      backend.onNavigate(({ page, ticket_id, pair_link }) => {
        if (pair_link) [this.pairLink, this.step] = [pair_link, "orchestrator"];
        this.go(page ?? "overview", ticket_id);
      }),
      backend.clock.every(1000, () => (this.now = backend.clock.now())),
    );
    addEventListener("hashchange", this.read);
  }

  stop(): void {
    for (const stop of this.stops) stop();
    removeEventListener("hashchange", this.read);
  }

  go(page: Page, ticketId: string | null = null): void {
    location.hash = ticketId ? `#/${page}/${encodeURIComponent(ticketId)}` : `#/${page}`;
    // The browser tells of it only later, which is too late for the next key.
    this.read();
  }

  goSetup(step: Step): void {
    this.step = step;
    this.go("setup");
  }

  setShortcuts(on: boolean): void {
    this.hasShortcuts = on;
    if (on) localStorage.removeItem(NO_SHORTCUTS);
    else localStorage.setItem(NO_SHORTCUTS, "yes");
  }

  say(text: string): void {
    this.said = text;
    this.forget?.();
    this.forget = this.backend.clock.after(5000, () => (this.said = ""));
  }

  /** Does something for the person and tells how it went; whether it went well. */
  async run(work: () => Promise<unknown>, said = ""): Promise<boolean> {
    this.failure = null;
    try {
      await work();
      if (said) this.say(said);
      return true;
    } catch (reason) {
      this.failure = failureOf(reason);
      return false;
    }
  }

  private hear(status: Status): void {
    const isFirst = this.status === null;
    this.status = status;
    this.heardAt = this.backend.clock.now();
    this.now = this.backend.clock.now();
    const isNew = status.orchestrator === null && localStorage.getItem(WAS_SET_UP) === null;
    if (isFirst && isNew && !location.hash) this.go("setup");
  }

  private readonly read = (): void => {
    const [page, ticketId] = location.hash.replace(/^#\//, "").split("/");
    const next = PAGES.find(({ name }) => name === page)?.name ?? "overview";
    if (this.page === "setup" && next !== "setup") localStorage.setItem(WAS_SET_UP, "yes");
    this.page = next;
    this.ticketId = ticketId ? decodeURIComponent(ticketId) : null;
    this.failure = null;
  };
}

const KEY = Symbol("app");

export function provideApp(app: App): void {
  setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
