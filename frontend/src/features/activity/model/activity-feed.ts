/** The activity log as the user reads it: live, paused, or scrolled back to older events. */
import { Observable } from "@/lib/observable";
import { PacedBatch } from "@/lib/paced-batch";
import type { ChangeEvent, EventsPage } from "@/lib/protocol";
import {
  type ActivityLog,
  bounded,
  EMPTY_LOG,
  logBreak,
  logEvents,
  logOlder,
} from "./activity-log";

export interface ActivityState {
  readonly log: ActivityLog;
  /** How many changes have arrived since the list was paused. */
  readonly waiting: number;
  readonly paused: boolean;
  readonly loading: boolean;
  readonly problem: boolean;
}

const DELIVER_EVERY_MS = 500;
const HISTORY_EVENTS = 200;
const MOST_HISTORY_ENTRIES = 2000;

export type FetchBefore = (position: number, limit: number) => Promise<EventsPage>;

export class ActivityFeed {
  readonly state = new Observable<ActivityState>({
    log: EMPTY_LOG,
    waiting: 0,
    paused: false,
    loading: false,
    problem: false,
  });

  readonly #fetchBefore: FetchBefore;
  /** The live log behind a paused list. */
  #live: ActivityLog = EMPTY_LOG;
  #reading = false;
  readonly #batch = new PacedBatch<ChangeEvent>(DELIVER_EVERY_MS, (events) => this.#take(events));

  constructor(fetchBefore: FetchBefore) {
    this.#fetchBefore = fetchBefore;
  }

  receive(events: readonly ChangeEvent[]): void {
    this.#batch.push(events);
  }

  /** Start with an empty log at a position, and request the events before it. */
  open(position: number): void {
    this.#batch.clear();
    if (this.#live.entries.length === 0) {
      this.#live = { entries: [], position, oldest: position + 1 };
    }
    this.#show();
    void this.loadOlder();
  }

  break(reason: string, position: number): void {
    this.#batch.clear();
    this.#live = logBreak(this.#live, reason, position);
    this.#show();
  }

  /** Pause or resume the list; a paused list does not move. */
  pause(paused: boolean): void {
    this.#change({ paused });
    if (!paused) this.#show();
  }

  /** Tell whether the user has scrolled back: then the list does not move and is not cut. */
  read(reading: boolean): void {
    this.#reading = reading;
    if (!reading) this.#show();
  }

  get hasOlder(): boolean {
    const { oldest, entries } = this.state.get().log;
    return oldest > 1 && oldest !== Infinity && entries.length < MOST_HISTORY_ENTRIES;
  }

  async loadOlder(): Promise<void> {
    const { log, loading } = this.state.get();
    if (loading || !this.hasOlder) return;
    this.#change({ loading: true, problem: false });
    try {
      const { events } = await this.#fetchBefore(log.oldest, HISTORY_EVENTS);
      const older = logOlder(this.state.get().log, events);
      // No older events: the log has been pruned up to here.
      const found = older === this.state.get().log ? { ...older, oldest: 1 } : older;
      if (!this.#isHeld) this.#live = logOlder(this.#live, events);
      this.#change({ loading: false, log: found });
    } catch {
      this.#change({ loading: false, problem: true });
    }
  }

  stop(): void {
    this.#batch.clear();
  }

  get #isHeld(): boolean {
    return this.state.get().paused || this.#reading;
  }

  #take(events: readonly ChangeEvent[]): void {
    this.#live = logEvents(this.#live, events);
    if (this.#isHeld) {
      const { position } = this.state.get().log;
      this.#change({ waiting: Math.max(0, this.#live.position - position) });
    } else {
      this.#show();
    }
  }

  #show(): void {
    if (this.#isHeld) return;
    this.#live = bounded(this.#live);
    this.#change({ log: this.#live, waiting: 0 });
  }

  #change(change: Partial<ActivityState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}
