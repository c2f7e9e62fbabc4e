import type { Clock, Stop } from "./index";

export const systemClock: Clock = {
  now: () => Date.now(),
  every(ms, run) {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

interface Due {
  at: number;
  every: number | null;
  run: () => void;
}

/** A clock that stands still until it is moved; what falls due meanwhile runs in order. */
export class MovableClock implements Clock {
  private readonly due = new Set<Due>();

  constructor(private time: number) {}

  now(): number {
    return this.time;
  }

  every(ms: number, run: () => void): Stop {
    return this.add({ at: this.time + ms, every: ms, run });
  }

  after(ms: number, run: () => void): Stop {
    return this.add({ at: this.time + ms, every: null, run });
  }

  /** Waits in between for what the things that ran have promised. */
  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    for (let next = this.next(until); next; next = this.next(until)) {
      this.time = next.at;
      if (next.every === null) this.due.delete(next);
      else next.at += next.every;
      next.run();
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.time = until;
  }

  private add(due: Due): Stop {
    this.due.add(due);
    return () => this.due.delete(due);
  }

  private next(until: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.due) if (due.at <= until && (!first || due.at < first.at)) first = due;
    return first;
  }
}
