import { Plus } from "lucide-react";
import { Suspense, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { type Live, Observable } from "real-time-orders";
import { Button } from "@/components/button";
import { lazily } from "@/lib/lazily";
import type { Preferences } from "@/lib/preferences";
import { type Router, tableIn } from "@/lib/route";
import type { OrderSchema } from "@/lib/schema";
import { useObservable } from "@/lib/use-observable";
import { SchemaContext, useSchema } from "@/lib/use-schema";
import { messageOf } from "@/lib/format";
import { useWords, words } from "@/words";
import { matchingIn } from "../model/order-counts";
import { rowId } from "../model/order-edits";
import { EVERYTHING, isEverything, type OrderView, viewFromQuery } from "../model/order-filter";
import { TableFeed } from "../model/orders-feed";
import { SavedViews } from "../model/saved-views";
import { shownColumns } from "../model/table-columns";
import { ColumnChoice, TableLayout, USUAL_LAYOUT } from "../model/table-layout";
import { readAddress } from "../model/view-address";
import { LiveGrid } from "./live-grid";
import { OrdersContext, useOrders } from "./orders-context";
import styles from "./orders-view.module.css";
import { RowsPanel, sizeText } from "./rows-panel";
import { TableRow } from "./table-row";
import type { Listen } from "./use-history";
import { useRowActions } from "./use-row-actions";
import { useRowCount } from "./use-row-count";
import { useViewAddress } from "./use-view-address";
import { ViewsContext } from "./views-menu";

interface TableViewProps {
  name: string;
  live: Pick<Live, "table">;
  listen: Listen;
  preferences: Preferences;
  router: Router;
}

/** The page of any watched table, made of the same parts as the page of orders. */
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
  const [feed] = useState(
    () => new TableFeed(live, known, viewFromQuery(new URLSearchParams(location.search))),
  );
  useEffect(() => known.set(schema), [known, schema]);
  useEffect(() => {
    feed.start();
    const ignore = listen((events) => feed.receive(events.filter(({ table }) => table === name)));
    return () => {
      ignore();
      feed.stop();
    };
  }, [feed, listen, name]);
  const show = useCallback((view: OrderView) => feed.setView(view), [feed]);
  const read = useCallback(() => {
    if (tableIn(location.pathname) !== name) return;
    const all = views.state.get().views;
    const { view, saved, isUnknown } = readAddress(new URLSearchParams(location.search), all);
    if (isUnknown && all === null) return;
    views.choose(saved);
    feed.setView(view);
  }, [name, feed, views]);
  useEffect(() => {
    // Without views everything else works. The menu shows why they could not be loaded.
    views.load().then(read, () => undefined);
  }, [views, read]);
  const address = useViewAddress(views, router, show, read);
  const [creating, setCreating] = useState<boolean | null>(null);
  const [menu, setMenu] = useState(false);
  const searchBox = useRef<HTMLInputElement>(null);
  const state = useObservable(feed.state);
  const layout = useObservable(choice.state) ?? USUAL_LAYOUT;
  const leaving = useObservable(writes.deletes.state);
  const edits = useObservable(writes.edits.state);
  const texts = useWords();
  const columns = useMemo(() => shownColumns(schema, layout, texts), [schema, layout, texts]);
  const { filter, sort, loaded, problem } = state;
  const counts = useRowCount(filter, listen);
  const total = counts && matchingIn(counts, filter, schema);
  const actions = useRowActions(setMenu, () => setCreating(true));

  const parent = useContext(ViewsContext);
  const ofTable = useMemo(
    () => ({ views, open: address.saved, audience: parent?.audience ?? ("reader" as const) }),
    [views, address, parent],
  );
  const label = schema.label(name);
  return (
    <ViewsContext value={ofTable}>
      <RowsPanel
        name="table"
        {...{ label, state, counts, searchBox }}
        size={sizeText(state, total)}
        problem={problem && words.tables.couldNotLoad(messageOf(problem))}
        onRetry={() => feed.reload()}
        onView={address.view}
        actions={
          rights.write && (
            <Button onClick={() => setCreating(true)}>
              <Plus size={16} aria-hidden />
              {words.tables.newRow}
            </Button>
          )
        }
      >
        {state.rows.length > 0 ? (
          <LiveGrid
            noun="row"
            {...{ label, feed, state, columns, total }}
            onView={address.view}
            hold={menu}
            picks={false}
          >
            {({ order: shown, gone }, place) => {
              const key = feed.keyOf(shown);
              const id = rowId(name, String(key));
              return (
                <TableRow
                  key={key}
                  {...place}
                  {...{ columns, shown, gone, actions }}
                  leaving={leaving.has(id)}
                  edit={edits.get(id)}
                  touch={state.touches.get(key)}
                />
              );
            }}
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
                onClick={() => address.view({ filter: EVERYTHING, sort })}
              >
                {words.tables.showAll}
              </button>
            )}
          </p>
        )}
        <Suspense>
          {creating !== null && <NewOrderDialog open={creating} onOpenChange={setCreating} />}
        </Suspense>
      </RowsPanel>
    </ViewsContext>
  );
}

const NewOrderDialog = lazily(() => import("./new-order-form"), "NewOrderDialog");
