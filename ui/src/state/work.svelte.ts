/** One piece of long work: whether it runs, and how it failed. */
import { failureOf, type Failure } from "../backend";

export class Work {
  isRunning = $state(false);
  failure = $state.raw<Failure | null>(null);

  /** Does it, unless it is being done; whether it went well. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.isRunning) return false;
    this.isRunning = true;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (reason) {
      this.failure = failureOf(reason);
      return false;
    } finally {
      this.isRunning = false;
    }
  }
}
