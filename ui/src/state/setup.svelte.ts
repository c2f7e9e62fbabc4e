/** Long work of Setup outlives the page: leaving it stops nothing, and coming back shows where it stands. */
import type { Backend, CheckResult, PullProgress, TestStep, TunnelRequest, TunnelStep } from "../backend";
import { Work } from "./work.svelte";

/** The orchestrator that the last test ticket went through: what it showed holds of no other. */
const TESTED = "setup.tested";

/** What pairs this machine: the link that `orchestrator pair` prints, or its parts. */
export type Invitation = { link: string } | { url: string; code: string };

export class SetupWork {
  readonly pairing = new Work();
  readonly unpairing = new Work();
  readonly pull = new Work();
  readonly tunnel = new Work();
  readonly credentials = new Work();
  readonly test = new Work();

  progress = $state.raw<PullProgress | null>(null);
  steps = $state.raw<TunnelStep[]>([]);
  checks = $state.raw<CheckResult[]>([]);
  testSteps = $state.raw<readonly TestStep[]>([]);
  private testedWith = $state(localStorage.getItem(TESTED));

  constructor(private readonly backend: Backend) {}

  isTestedWith(orchestrator: string | null | undefined): boolean {
    return orchestrator != null && this.testedWith === orchestrator;
  }

  async pair(invitation: Invitation): Promise<boolean> {
    const isDone = await this.pairing.run(() =>
      "link" in invitation
        ? this.backend.pairByLink(invitation.link)
        : this.backend.pair(invitation.url, invitation.code),
    );
    if (isDone) this.forgetTest();
    return isDone;
  }

  unpair(): Promise<boolean> {
    this.forgetTest();
    return this.unpairing.run(() => this.backend.unpair());
  }

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

  sendTest(orchestrator: string): Promise<boolean> {
    if (!this.test.isRunning) this.testSteps = [];
    return this.test.run(() => this.backend.sendTestTicket((step) => this.note(step, orchestrator)));
  }

  /** What counts is the last test that this machine took part in, or did not. */
  private note(step: TestStep, orchestrator: string): void {
    this.testSteps = [...this.testSteps, step];
    if (step.kind === "failed") this.setTested(null);
    if (step.kind === "done" && step.elsewhere === null) this.setTested(orchestrator);
  }

  private forgetTest(): void {
    this.testSteps = [];
    this.setTested(null);
  }

  private setTested(orchestrator: string | null): void {
    this.testedWith = orchestrator;
    if (orchestrator === null) localStorage.removeItem(TESTED);
    else localStorage.setItem(TESTED, orchestrator);
  }
}
