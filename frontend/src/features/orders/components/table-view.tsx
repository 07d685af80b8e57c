import { Plus } from "lucide-react";
import { lazy, Suspense, useContext, useEffect, useMemo, useRef, useState } from "react";
import { type Live, Observable } from "real-time-orders";
import { Button } from "@/components/button";
import type { Preferences } from "@/lib/preferences";
import type { Router } from "@/lib/route";
import { OrderSchema } from "@/lib/schema";
import { useObservable } from "@/lib/use-observable";
import { SchemaContext, useSchema } from "@/lib/use-schema";
import { formatCount, messageOf } from "@/lib/format";
import { useWords, words } from "@/words";
import { matchingIn } from "../model/order-counts";
import { rowId } from "../model/order-edits";
import { EVERYTHING, isEverything, viewFromQuery } from "../model/order-filter";
import { RowsFeed } from "../model/rows-feed";
import { SavedViews } from "../model/saved-views";
import { shownColumns } from "../model/table-columns";
import { ColumnChoice, TableLayout, USUAL_LAYOUT } from "../model/table-layout";
import { FilterBar } from "./filter-bar";
import { focusResults } from "./focus-results";
import { LiveGrid } from "./live-grid";
import { OrdersContext, useOrders } from "./orders-context";
import styles from "./orders-view.module.css";
import { TableRow } from "./table-row";
import type { Listen } from "./use-history";
import { useRowActions } from "./use-row-actions";
import { useRowCount } from "./use-row-count";
import { useTableAddress } from "./use-table-address";
import { ViewsContext } from "./views-menu";

interface TableViewProps {
  name: string;
  live: Pick<Live, "table">;
  listen: Listen;
  preferences: Preferences;
  router: Router;
}

/** Any watched table, with the parts of the table of orders. */
export function TableView(props: TableViewProps) {
  const { name, preferences } = props;
  const orders = useOrders();
  const schema = useSchema().of(name);
  const context = useMemo(
    () => ({
      ...orders,
      columns: new ColumnChoice(preferences.of(`table.${name}`, TableLayout)),
    }),
    [orders, preferences, name],
  );
  if (!schema) {
    return (
      <section className={styles.panel}>
        <p className={styles.loading}>{words.tables.notWatched(name)}</p>
      </section>
    );
  }
  return (
    <SchemaContext value={schema}>
      <OrdersContext value={context}>
        <Rows {...props} />
      </OrdersContext>
    </SchemaContext>
  );
}

function Rows({ name, live, listen, router }: TableViewProps) {
  const schema = useSchema();
  const { columns: choice, rights, writes } = useOrders();
  const [known] = useState(() => new Observable<OrderSchema>(schema));
  const [views] = useState(() => new SavedViews(name));
  const [feed] = useState(() => {
    const { filter, sort } = viewFromQuery(new URLSearchParams(location.search));
    return new RowsFeed(live, known, filter, sort);
  });
  useEffect(() => known.set(schema), [known, schema]);
  useEffect(() => {
    feed.start();
    const ignore = listen((events) => feed.receive(events.filter(({ table }) => table === name)));
    return () => {
      ignore();
      feed.stop();
    };
  }, [feed, listen, name]);
  const show = useTableAddress(name, feed, views, router);
  const [creating, setCreating] = useState<boolean | null>(null);
  const [menu, setMenu] = useState(false);
  const panel = useRef<HTMLElement>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const state = useObservable(feed.state);
  const layout = useObservable(choice.state) ?? USUAL_LAYOUT;
  const leaving = useObservable(writes.rowDeletes.state);
  const texts = useWords();
  const columns = useMemo(() => shownColumns(schema, layout, texts), [schema, layout, texts]);
  const { filter, sort, rows, start, loaded, problem, hasMore } = state;
  const counts = useRowCount(filter, listen);
  const total = counts && matchingIn(counts, filter, schema);
  const actions = useRowActions(setMenu, () => setCreating(true));

  const parent = useContext(ViewsContext);
  const ofTable = useMemo(
    () => ({ views, open: show.saved, audience: parent?.audience ?? ("reader" as const) }),
    [views, show, parent],
  );
  const label = schema.label(name);
  return (
    <ViewsContext value={ofTable}>
      <section ref={panel} className={styles.panel} aria-labelledby="table-heading">
        <FilterBar
          title={
            <div className={styles.title}>
              <h2 id="table-heading">{label}</h2>
              <span className={styles.count}>
                {loaded && formatCount((hasMore ? total : null) ?? start + rows.length)}
                {hasMore && total === null && "+"}
              </span>
            </div>
          }
          {...{ filter, sort, counts, searchBox }}
          onFilter={(next, step) => show.view({ filter: next, sort }, step)}
          onSort={(next) => show.view({ filter, sort: next }, "same")}
          onLeave={(target) => focusResults(panel.current, target)}
        >
          {rights.write && (
            <Button onClick={() => setCreating(true)}>
              <Plus size={16} aria-hidden />
              {words.tables.newRow}
            </Button>
          )}
        </FilterBar>
        {problem && (
          <div className={styles.problem} role="alert">
            <span>{words.tables.couldNotLoad(messageOf(problem))}</span>
            <button type="button" onClick={() => feed.reload()}>
              {words.do.tryAgain}
            </button>
          </div>
        )}
        {rows.length > 0 ? (
          <LiveGrid
            label={label}
            noun="row"
            {...{ feed, state, columns, total }}
            onSort={(next) => show.view({ filter, sort: next }, "same")}
            hold={menu}
            picks={false}
          >
            {({ order: shown, gone }, place) => (
              <TableRow
                key={feed.keyOf(shown)}
                {...place}
                {...{ columns, shown, gone, actions }}
                leaving={leaving.has(rowId(name, String(feed.keyOf(shown))))}
                touch={state.touches.get(feed.keyOf(shown))}
              />
            )}
          </LiveGrid>
        ) : (
          <p className={styles.loading}>
            {!loaded
              ? words.do.loading
              : isEverything(filter)
                ? words.tables.noRows
                : words.tables.noMatch}
            {loaded && !isEverything(filter) && (
              <button
                type="button"
                className={styles.all}
                onClick={() => show.view({ filter: EVERYTHING, sort })}
              >
                {words.tables.showAll}
              </button>
            )}
          </p>
        )}
        <Suspense>
          {creating !== null && <NewOrderDialog open={creating} onOpenChange={setCreating} />}
        </Suspense>
      </section>
    </ViewsContext>
  );
}

const NewOrderDialog = lazy(async () => ({
  default: (await import("./new-order-form")).NewOrderDialog,
}));
