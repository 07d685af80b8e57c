import { Pause, Play } from "lucide-react";
import { useMemo, useRef } from "react";
import type { Id } from "real-time-orders";
import { IconButton } from "@/components/icon-button";
import { NewsButton } from "@/components/news-button";
import { useDatabaseNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import type { ActivityFeed, Kind } from "../model/activity-feed";
import { entriesOf } from "../model/activity-log";
import { ActivityEntry } from "./activity-entry";
import styles from "./activity-panel.module.css";
import { useOlder } from "./use-older";

const AGES_TICK_MS = 10_000;
const READING_FROM_PX = 24;

interface ActivityPanelProps {
  feed: ActivityFeed;
  onOpen: (orderId: Id) => void;
}

export function ActivityPanel({ feed, onOpen }: ActivityPanelProps) {
  const { kind, log, paused, waiting, loading, problem } = useObservable(feed.state);
  const now = useDatabaseNow(AGES_TICK_MS);
  const list = useRef<HTMLOListElement>(null);
  const entries = useMemo(() => (log ? entriesOf(log) : []), [log]);
  const end = useOlder(feed, list, !loading && !problem);

  function resume(): void {
    list.current?.scrollTo({ top: 0 });
    feed.read(false);
    feed.pause(false);
  }

  return (
    <section className={styles.panel} aria-labelledby="activity-heading">
      <header className={styles.header}>
        <h2 id="activity-heading">Activity</h2>
        <select
          className={styles.filter}
          aria-label="Show"
          value={kind}
          onChange={(event) => feed.show(event.target.value as Kind)}
        >
          <option value="all">Every change</option>
          <option value="created">Created</option>
          <option value="changed">Changed</option>
          <option value="deleted">Deleted</option>
        </select>
        <IconButton
          label="Pause activity"
          aria-pressed={paused}
          title={paused ? "Resume" : "Pause"}
          onClick={() => (paused ? resume() : feed.pause(true))}
        >
          {paused ? <Play size={16} aria-hidden /> : <Pause size={16} aria-hidden />}
        </IconButton>
      </header>
      <NewsButton count={waiting} noun="change" onShow={resume} />
      {log && entries.length === 0 && !loading && <Nothing kind={kind} whole={!feed.hasOlder} />}
      <ol
        ref={list}
        className={styles.entries}
        tabIndex={0}
        aria-label="Latest changes, newest first"
        onScroll={(event) => feed.read(event.currentTarget.scrollTop > READING_FROM_PX)}
      >
        {entries.map(({ key, item }) => (
          <ActivityEntry key={key} item={item} now={now} onOpen={onOpen} />
        ))}
        <li ref={end} className={styles.end}>
          {loading || !log ? (
            "Loading earlier changes…"
          ) : feed.hasOlder ? (
            <button type="button" onClick={() => void feed.loadOlder()}>
              {problem ? "Could not be loaded. Try again" : "Show earlier changes"}
            </button>
          ) : (
            entries.length > 0 && "No earlier changes to show."
          )}
        </li>
      </ol>
    </section>
  );
}

function Nothing({ kind, whole }: { kind: Kind; whole: boolean }) {
  return (
    <p className={styles.empty}>
      {kind === "all"
        ? "Every change appears here when it is made, also one made in psql."
        : `Nothing was ${kind} ${whole ? "yet" : "lately"}.`}
    </p>
  );
}
