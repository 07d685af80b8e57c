import { ListFilter, Maximize2, Pause, Play, X } from "lucide-react";
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Id } from "real-time-orders";
import { IconButton } from "@/components/icon-button";
import { NewsButton } from "@/components/news-button";
import { lazily } from "@/lib/lazily";
import { formatExact } from "@/lib/format";
import { useDatabaseNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import { type ActivityFeed, MOST_OLDER_GROUPS } from "../model/activity-feed";
import { type ActivityFilter, EVERY_CHANGE, type Kind } from "../model/activity-filter";
import { entriesOf, type Group } from "../model/activity-log";
import type { Seen } from "../model/visits";
import { ActivityEntry } from "./activity-entry";
import styles from "./activity-panel.module.css";
import { useOlder } from "./use-older";

const ActivityFilters = lazily(() => import("./activity-filters"), "ActivityFilters");

const AGES_TICK_MS = 10_000;
const READING_FROM_PX = 24;

interface ActivityPanelProps {
  feed: ActivityFeed;
  onOpen: (orderId: Id) => void;
  onFilter: (filter: ActivityFilter) => void;
  /** Returns where the user's last visit ended. */
  visit: () => Seen | null;
  /** The name of the user; "" without sign-in. */
  me: string;
  /** Whether the list fills the page. */
  whole: boolean;
  /** Makes the list fill the page, or not; absent if the page has no room for more than the list. */
  onWhole?: ((whole: boolean) => void) | undefined;
}

export function ActivityPanel(props: ActivityPanelProps) {
  const { feed, onOpen, onFilter, visit, me, whole, onWhole } = props;
  const { filter, log, paused, waiting, loading, problem } = useObservable(feed.state);
  const say = words.activity;
  const now = useDatabaseNow(AGES_TICK_MS);
  const list = useRef<HTMLOListElement>(null);
  const [filtering, setFiltering] = useState(false);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const entries = useMemo(() => (log ? entriesOf(log) : []), [log]);
  const end = useOlder(feed, list, !loading && !problem);
  const narrowed = filter.when !== "any" || filter.by !== null;

  const toggle = useCallback(({ first }: Group) => {
    setOpened((before) => {
      const after = new Set(before);
      if (!after.delete(first)) after.add(first);
      return after;
    });
  }, []);
  const hold = useCallback(() => {
    feed.read(opened.size > 0 || (list.current?.scrollTop ?? 0) > READING_FROM_PX);
  }, [feed, opened]);
  useEffect(hold, [hold]); // an opened group must not move away

  function resume(): void {
    list.current?.scrollTo({ top: 0 });
    setOpened(new Set());
    feed.read(false);
    feed.pause(false);
  }

  return (
    <section className={styles.panel} aria-labelledby="activity-heading">
      <header className={styles.header}>
        <h2 id="activity-heading">{words.page.activity}</h2>
        <select
          className={styles.filter}
          aria-label={say.show}
          value={filter.kind}
          onChange={(event) => onFilter({ ...filter, kind: event.target.value as Kind })}
        >
          <option value="all">{say.all}</option>
          <option value="created">{say.created}</option>
          <option value="changed">{say.changed}</option>
          <option value="deleted">{say.deleted}</option>
        </select>
        {!whole && (
          <IconButton
            label={say.filter}
            title={say.whenAndByWhom}
            aria-expanded={filtering || narrowed}
            onClick={() => {
              if (narrowed) onFilter({ ...EVERY_CHANGE, kind: filter.kind });
              setFiltering(!filtering && !narrowed);
            }}
          >
            <ListFilter size={16} aria-hidden />
          </IconButton>
        )}
        <IconButton
          label={say.pauseActivity}
          aria-pressed={paused}
          title={paused ? say.resume : say.pause}
          onClick={() => (paused ? resume() : feed.pause(true))}
        >
          {paused ? <Play size={16} aria-hidden /> : <Pause size={16} aria-hidden />}
        </IconButton>
        {onWhole && (
          <IconButton
            label={whole ? say.closeWhole : say.openWhole}
            title={whole ? say.backToOrders : say.whole}
            onClick={() => onWhole(!whole)}
          >
            {whole ? <X size={18} aria-hidden /> : <Maximize2 size={15} aria-hidden />}
          </IconButton>
        )}
      </header>
      {(whole || filtering || narrowed) && (
        <Suspense>
          <ActivityFilters filter={filter} now={now} visit={visit()} me={me} onFilter={onFilter} />
        </Suspense>
      )}
      <div className={styles.held}>
        <NewsButton count={waiting} noun="change" onShow={resume} />
      </div>
      {log && entries.length === 0 && !loading && (
        <p className={styles.empty}>{nothing(filter, !feed.hasOlder)}</p>
      )}
      <ol
        ref={list}
        className={styles.entries}
        tabIndex={0}
        aria-label={say.latest}
        onScroll={hold}
      >
        {entries.map(({ key, item }) => (
          <ActivityEntry
            key={key}
            item={item}
            now={now}
            onOpen={onOpen}
            opened={"events" in item && opened.has(item.first)}
            onToggle={toggle}
          />
        ))}
        <li ref={end} className={styles.end}>
          {loading || !log ? (
            say.loadingEarlier
          ) : feed.hasOlder ? (
            <button type="button" onClick={() => void feed.loadOlder()}>
              {problem ? say.notLoaded : say.showEarlier}
            </button>
          ) : log.groups.length >= MOST_OLDER_GROUPS ? (
            say.chooseTime
          ) : feed.isCutShort && log.oldestAt !== null ? (
            say.noLongerKept(formatExact(log.oldestAt))
          ) : (
            entries.length > 0 && say.noEarlier
          )}
        </li>
      </ol>
    </section>
  );
}

function nothing({ kind, when, by }: ActivityFilter, all: boolean): string {
  const time = typeof when === "object" ? "range" : when;
  return kind === "all" && time === "any" && by === null
    ? words.activity.everyChange
    : words.activity.nothing(kind, by, time, all);
}
