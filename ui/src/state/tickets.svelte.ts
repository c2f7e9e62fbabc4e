/** The list of tickets: what of it is loaded, what waits to be shown, and what it is narrowed to. */
import { failureOf, type Backend, type Failure, type Stop } from "../backend";
import type { Triage } from "../bindings";
import { EVERYTHING, matches, queryOf, type Filter } from "../lib/filter";
import { append, EMPTY, receive, reveal, type LiveList } from "../lib/live-list";

const PAGE = 50;
/** The orchestrator does not narrow by category, so a page may have none that fits: this many are tried in one go. */
const PAGES_AT_ONCE = 10;

export class Tickets {
  list = $state.raw<LiveList>(EMPTY);
  filter = $state.raw<Filter>(EVERYTHING);
  isLoading = $state(true);
  failure = $state.raw<Failure | null>(null);
  next = $state.raw<string | null>(null);

  private asked = 0;
  /** What was told while the list was being loaded, and may be missing from it. */
  private meanwhile: Triage[] = [];

  /** `isReading`: somebody is in the list, so nothing in it may move. */
  constructor(
    private readonly backend: Pick<Backend, "triages" | "onTriage">,
    private readonly isReading: () => boolean,
  ) {}

  start(): Stop {
    void this.load();
    return this.backend.onTriage((triage) => {
      if (this.isLoading) this.meanwhile.push(triage);
      this.list = this.received(this.list, triage, this.isReading());
    });
  }

  narrow(filter: Filter): Promise<void> {
    this.filter = filter;
    return this.load();
  }

  async load(): Promise<void> {
    this.isLoading = true;
    this.meanwhile = [];
    const isOurs = await this.fetch(undefined, (items) =>
      this.meanwhile.reduce((list, triage) => this.received(list, triage, false), { ...EMPTY, items }),
    );
    if (isOurs) this.isLoading = false;
  }

  async older(): Promise<void> {
    if (this.next) await this.fetch(this.next, (items) => append(this.list, items));
  }

  reveal(): void {
    this.list = reveal(this.list);
  }

  private received(list: LiveList, triage: Triage, isReading: boolean): LiveList {
    return receive(list, triage, isReading, (one) => matches(one, this.filter));
  }

  /** Whether the answer was of use: answers to questions that were overtaken by another are dropped. */
  private async fetch(before: string | undefined, place: (items: readonly Triage[]) => LiveList): Promise<boolean> {
    this.asked += 1;
    const mine = this.asked;
    const { filter } = this;
    try {
      const found: Triage[] = [];
      let from: string | undefined | null = before;
      for (let pages = 0; pages < PAGES_AT_ONCE && found.length === 0 && from !== null; pages += 1) {
        const page = await this.backend.triages(queryOf(filter, PAGE, from));
        if (mine !== this.asked) return false;
        found.push(...page.items.filter((triage) => matches(triage, filter)));
        from = page.next;
      }
      this.failure = null;
      this.next = from ?? null;
      this.list = place(found);
    } catch (reason) {
      if (mine !== this.asked) return false;
      this.failure = failureOf(reason);
    }
    return true;
  }
}
