/** The list of tickets: what of it is loaded, what waits to be shown, and what it is narrowed to. */
import { failureOf, type Backend, type Failure, type Stop } from "../backend";
import type { Triage } from "../bindings";
import { EVERYTHING, matches, queryOf, type Filter } from "../lib/filter";
import { append, EMPTY, receive, reveal, type LiveList } from "../lib/live-list";

const PAGE = 50;

export class Tickets {
  list = $state.raw<LiveList>(EMPTY);
  filter = $state.raw<Filter>(EVERYTHING);
  isLoading = $state(true);
  failure = $state.raw<Failure | null>(null);
  next = $state.raw<string | null>(null);
  private asked = 0;

  /** `isReading`: somebody is in the list, so nothing in it may move. */
  constructor(
    private readonly backend: Backend,
    private readonly isReading: () => boolean,
  ) {}

  start(): Stop {
    void this.load();
    return this.backend.onTriage((triage) => {
      this.list = receive(this.list, triage, this.isReading(), (one) => matches(one, this.filter));
    });
  }

  narrow(filter: Filter): Promise<void> {
    this.filter = filter;
    return this.load();
  }

  async load(): Promise<void> {
    this.isLoading = true;
    await this.fetch(undefined, (items) => ({ items, waiting: [] }));
    this.isLoading = false;
  }

  async older(): Promise<void> {
    if (this.next) await this.fetch(this.next, (items) => append(this.list, items));
  }

  reveal(): void {
    this.list = reveal(this.list);
  }

  /** Answers to questions that were overtaken by another are dropped. */
  private async fetch(before: string | undefined, place: (items: readonly Triage[]) => LiveList): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const { filter } = this;
    try {
      const page = await this.backend.triages(queryOf(filter, PAGE, before));
      if (mine !== this.asked) return;
      this.failure = null;
      this.next = page.next;
      this.list = place(page.items.filter((triage) => matches(triage, filter)));
    } catch (reason) {
      if (mine === this.asked) this.failure = failureOf(reason);
    }
  }
}
