/** Long work of Setup outlives the page: leaving it stops nothing, and coming back shows where it stands. */
import type { Backend, CheckResult, PullProgress, TestHop, TestProgress, TunnelRequest, TunnelStep } from "../backend";
import type { Failure } from "../backend";
import { Work } from "./work.svelte";

const TESTED = "setup.tested";

export class SetupWork {
  readonly pairing = new Work();
  readonly pull = new Work();
  readonly tunnel = new Work();
  readonly credentials = new Work();
  readonly test = new Work();

  progress = $state.raw<PullProgress | null>(null);
  steps = $state.raw<TunnelStep[]>([]);
  checks = $state.raw<CheckResult[]>([]);
  reached = $state.raw<ReadonlyMap<TestHop, number>>(new Map());
  failedAt = $state.raw<{ hop: TestHop; failure: Failure } | null>(null);
  totalMs = $state<number | null>(null);
  isTested = $state(localStorage.getItem(TESTED) !== null);

  constructor(private readonly backend: Backend) {}

  pullModel(model: string): Promise<boolean> {
    this.progress = null;
    return this.pull.run(() => this.backend.pullModel(model, (progress) => (this.progress = progress)));
  }

  setUpTunnel(request: TunnelRequest): Promise<boolean> {
    this.steps = [];
    return this.tunnel.run(() => this.backend.setUpTunnel(request, (steps) => (this.steps = steps)));
  }

  /** Stores what was typed, then calls with it; an empty field keeps what is stored. */
  saveCredentials(id: string, secret: string): Promise<boolean> {
    this.checks = [];
    return this.credentials.run(async () => {
      if (id) await this.backend.setSecret("cf-access-client-id", id);
      if (secret) await this.backend.setSecret("cf-access-client-secret", secret);
      this.checks = await this.backend.testSecrets();
    });
  }

  sendTest(): Promise<boolean> {
    this.reached = new Map();
    this.failedAt = null;
    this.totalMs = null;
    return this.test.run(() => this.backend.sendTestTicket((progress) => this.note(progress)));
  }

  private note(progress: TestProgress): void {
    switch (progress.kind) {
      case "reached":
        this.reached = new Map([...this.reached, [progress.hop, progress.took_ms]]);
        break;
      case "failed":
        this.failedAt = progress;
        break;
      case "done":
        this.totalMs = progress.total_ms;
        this.isTested = true;
        localStorage.setItem(TESTED, "yes");
    }
  }
}
