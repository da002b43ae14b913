/** The book a run keeps: how long each stage took, and what became of it. A failed stage is never a pass. */
import type { StageId, StageReport } from '../model/report.ts';

export class StageBook {
  readonly #reports = new Map<StageId, StageReport>();
  readonly #timings = new Map<string, number>();
  readonly #started = performance.now();
  /** Time spent in stages within the stage that runs, one entry a level. */
  readonly #inner: number[] = [];
  readonly #progress: (stage: string) => void;

  constructor(progress: (stage: string) => void) {
    this.#progress = progress;
  }

  /**
   * Times the work and lets what it throws through. Called twice for one stage, the times add up; what is timed inside
   * counts there and not here.
   */
  async time<T>(name: string, work: () => Promise<T> | T): Promise<T> {
    this.#progress(name);
    const began = performance.now();
    this.#inner.push(0);
    try {
      return await work();
    } finally {
      const whole = performance.now() - began;
      const own = whole - this.#inner.pop()!;
      this.#timings.set(name, (this.#timings.get(name) ?? 0) + own);
      if (this.#inner.length > 0) this.#inner[this.#inner.length - 1]! += whole;
    }
  }

  /** Like `run`, for work that goes on beside the stages: its time is counted by itself. */
  async beside(id: StageId, name: string, work: () => Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await work();
    } catch (error) {
      this.note(id, 'failed', error instanceof Error ? error.message : String(error));
    } finally {
      this.#timings.set(name, (this.#timings.get(name) ?? 0) + performance.now() - began);
    }
  }

  /**
   * Runs a whole stage. What it throws makes it `failed` with that reason, and the run goes on without it: `fallback`
   * stands in for its facts.
   */
  async run<T, F>(id: StageId, fallback: F, work: () => Promise<T> | T): Promise<T | F> {
    try {
      const result = await this.time(id, work);
      if (!this.#reports.has(id)) this.note(id, 'done', null);
      return result;
    } catch (error) {
      this.note(id, 'failed', error instanceof Error ? error.message : String(error));
      return fallback;
    }
  }

  /** A later, graver word replaces an earlier one; a milder one does not. */
  note(id: StageId, status: StageReport['status'], reason: string | null): void {
    const grave = ['done', 'skipped', 'partial', 'failed'];
    const known = this.#reports.get(id);
    if (known !== undefined && grave.indexOf(known.status) >= grave.indexOf(status)) return;
    this.#reports.set(id, { id, status, reason });
  }

  /** In the order of the pipeline. */
  get reports(): readonly StageReport[] {
    const order: readonly StageId[] = ['discover', 'read', 'replay', 'inspect', 'probe', 'rollback', 'judge'];
    return order.flatMap((id) => this.#reports.get(id) ?? []);
  }

  get failed(): boolean {
    return [...this.#reports.values()].some((report) => report.status === 'failed');
  }

  get timings(): { totalMs: number; stages: Record<string, number> } {
    const round = (ms: number) => Math.round(ms * 10) / 10;
    return {
      totalMs: round(performance.now() - this.#started),
      stages: Object.fromEntries([...this.#timings].map(([name, ms]) => [name, round(ms)])),
    };
  }
}
