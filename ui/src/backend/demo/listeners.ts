import type { Stop } from "../index";

/** Tells listeners, and new ones what was last said. */
export class EventSource<T> {
  private readonly listeners = new Set<(value: T) => void>();

  constructor(public last?: T) {}

  listen(listener: (value: T) => void): Stop {
    this.listeners.add(listener);
    if (this.last !== undefined) listener(structuredClone(this.last));
    return () => this.listeners.delete(listener);
  }

  emit(value: T): void {
    this.last = value;
    for (const listener of this.listeners) listener(structuredClone(value));
  }
}
