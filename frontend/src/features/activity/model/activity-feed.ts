/** The activity log as the user sees it: live, paused, or scrolled back to older events. */
import { type ChangeEvent, Observable } from "real-time-orders";
import { Followed } from "@/lib/followed";
import { PacedBatch } from "@/lib/paced-batch";
import type { ActivityPage } from "@/lib/protocol";
import type { listGroups } from "../api/list-groups";
import {
  type ActivityFilter,
  EVERY_CHANGE,
  EVERYTHING,
  isWanted,
  toText,
  type Wanted,
  wantedOf,
} from "./activity-filter";
import type { Seen } from "./visits";
import { type ActivityLog, addEvents, addOlder, isUncertain, openLog } from "./activity-log";

export interface ActivityState {
  readonly filter: ActivityFilter;
  /** Null before the first answer. */
  readonly log: ActivityLog | null;
  /** How many changes have arrived since the list was held. */
  readonly waiting: number;
  readonly paused: boolean;
  readonly loading: boolean;
  readonly problem: boolean;
}

/** The values on which a filter's words for times depend. */
export interface Circumstances {
  /** The database's time (epoch, ms). */
  readonly now: () => number;
  readonly visit: () => Seen | null;
  readonly stream: () => string | null;
}

const DELIVER_EVERY_MS = 500;
const RELOADS_APART_MS = 5000;
/**
 * A burst has ended when no event has come for this time. The server is then asked to count its rows.
 */
const SETTLED_MS = 3000;
const MOST_LIVE_GROUPS = 300;
export const MOST_OLDER_GROUPS = 2000;

type FetchGroups = typeof listGroups;

export class ActivityFeed {
  readonly state = new Observable<ActivityState>({
    filter: EVERY_CHANGE,
    log: null,
    waiting: 0,
    paused: false,
    loading: false,
    problem: false,
  });

  readonly #fetch: FetchGroups;
  readonly #circumstances: Circumstances;
  #wanted = EVERYTHING;
  #started = false;
  /** The live log, which is updated even while the shown list is held. */
  readonly #live: Followed<ActivityPage, ActivityLog>;
  readonly #batch = new PacedBatch<ChangeEvent>(DELIVER_EVERY_MS, (events) => this.#take(events));
  #reading = false;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(fetch: FetchGroups, circumstances: Circumstances) {
    this.#fetch = fetch;
    this.#circumstances = circumstances;
    this.#live = new Followed({
      fetch: (signal) => this.#fetch(null, this.#wanted, signal),
      open: openLog,
      apply: (log, events) => addEvents(log, events.filter(this.#isShown)),
      reloadsApartMs: RELOADS_APART_MS,
    });
    this.#live.state.subscribe(this.#show);
  }

  receive(events: readonly ChangeEvent[], conflated: boolean): void {
    if (conflated) this.#live.reload();
    else this.#batch.push(events);
  }

  /** Starts again, with another stream or filter. */
  restart(): void {
    this.stop();
    this.#started = true;
    this.#wanted = this.#resolve();
    this.#reading = false;
    this.#change({ log: null, waiting: 0, loading: false, problem: false });
    this.#live.restart();
  }

  /** Loads the newest changes again, because some did not arrive as events. */
  reload(): void {
    this.#batch.clear();
    this.#live.reload();
  }

  show(filter: ActivityFilter): void {
    if (toText(filter) === toText(this.state.get().filter)) return;
    this.#change({ filter, paused: false });
    if (this.#started) this.restart();
  }

  /** Pauses or resumes the list. A paused list does not move. */
  pause(paused: boolean): void {
    this.#change({ paused });
    this.#show();
  }

  /** Reports whether the user has scrolled back. The list then does not move. */
  read(reading: boolean): void {
    if (reading === this.#reading) return;
    this.#reading = reading;
    this.#show();
  }

  get hasOlder(): boolean {
    const { log } = this.state.get();
    return log !== null && log.before !== null && log.groups.length < MOST_OLDER_GROUPS;
  }

  async loadOlder(): Promise<void> {
    const { log, filter, loading } = this.state.get();
    if (loading || log === null || !this.hasOlder) return;
    this.#change({ loading: true, problem: false });
    try {
      const page = await this.#fetch(log.before, this.#wanted);
      const now = this.state.get();
      if (now.filter !== filter || now.log?.before !== log.before) return;
      const longer = addOlder(now.log, page);
      if (this.#isHeld) this.#change({ log: longer });
      else this.#live.state.set(longer);
    } catch {
      this.#change({ problem: true });
    } finally {
      this.#change({ loading: false });
    }
  }

  stop(): void {
    clearTimeout(this.#settling);
    this.#batch.clear();
    this.#live.stop();
  }

  get #isHeld(): boolean {
    return this.state.get().paused || this.#reading;
  }

  /** Whether some of the wanted changes are no longer in the database's log. */
  get isCutShort(): boolean {
    const { log } = this.state.get();
    if (log === null || log.oldest <= 1 || this.hasOlder) return false;
    const { after, since } = this.#wanted;
    if (after >= log.oldest - 1) return false;
    return since === null || log.oldestAt === null || Date.parse(log.oldestAt) > since;
  }

  #resolve(): Wanted {
    const { now, visit, stream } = this.#circumstances;
    return wantedOf(this.state.get().filter, now(), visit(), stream());
  }

  readonly #isShown = (event: ChangeEvent): boolean => isWanted(event, this.#wanted);

  #take(events: readonly ChangeEvent[]): void {
    this.#live.receive(events);
    if (this.#isHeld) {
      const waiting = this.state.get().waiting + events.filter(this.#isShown).length;
      this.#change({ waiting });
    }
    clearTimeout(this.#settling);
    this.#settling = setTimeout(this.#settle, SETTLED_MS);
  }

  readonly #settle = (): void => {
    const log = this.#live.state.get();
    if (log && (isUncertain(log) || log.groups.length > MOST_LIVE_GROUPS)) this.#live.reload();
  };

  readonly #show = (): void => {
    if (!this.#isHeld || this.state.get().log === null) {
      this.#change({ log: this.#live.state.get(), waiting: 0 });
    }
  };

  #change(change: Partial<ActivityState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}
