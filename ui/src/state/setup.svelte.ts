/** Long work of Setup outlives the page: leaving it stops nothing, and coming back shows where it stands. */
import type { Backend, CheckResult, PullProgress, TestStep, TunnelRequest, TunnelStep } from "../backend";
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
  testSteps = $state.raw<readonly TestStep[]>([]);
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
    if (!this.test.isRunning) this.testSteps = [];
    return this.test.run(() => this.backend.sendTestTicket((step) => this.note(step)));
  }

  private note(step: TestStep): void {
    this.testSteps = [...this.testSteps, step];
    if (step.kind === "failed") this.setTested(false);
    if (step.kind === "done" && step.elsewhere === null) this.setTested(true);
  }

  /** What counts is the last test that this machine took part in, or did not. */
  private setTested(isTested: boolean): void {
    this.isTested = isTested;
    if (isTested) localStorage.setItem(TESTED, "yes");
    else localStorage.removeItem(TESTED);
  }
}
