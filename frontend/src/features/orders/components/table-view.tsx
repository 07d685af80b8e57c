import { useCallback, useEffect, useMemo, useState } from "react";
import { type Live, Observable } from "real-time-orders";
import type { Preferences } from "@/lib/preferences";
import type { Router } from "@/lib/route";
import { OrderSchema } from "@/lib/schema";
import { useObservable } from "@/lib/use-observable";
import { SchemaContext, useSchema } from "@/lib/use-schema";
import { useWords, words } from "@/words";
import { formatCount, messageOf } from "@/lib/format";
import {
  EVERYTHING,
  isEverything,
  type OrderFilter,
  viewFromQuery,
  viewToQuery,
} from "../model/order-filter";
import type { OrderSort } from "../model/order-sort";
import { RowsFeed } from "../model/rows-feed";
import { shownColumns } from "../model/table-columns";
import { ColumnChoice, TableLayout, USUAL_LAYOUT } from "../model/table-layout";
import { LiveGrid } from "./live-grid";
import { OrdersContext, useOrders } from "./orders-context";
import styles from "./orders-view.module.css";
import { TableBar } from "./table-bar";
import { TableRow } from "./table-row";
import type { Listen } from "./use-history";

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
  const { columns: choice } = useOrders();
  const [known] = useState(() => new Observable<OrderSchema>(schema));
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
  const state = useObservable(feed.state);
  const layout = useObservable(choice.state) ?? USUAL_LAYOUT;
  const texts = useWords();
  const columns = useMemo(() => shownColumns(schema, layout, texts), [schema, layout, texts]);
  const { filter, rows, start, loaded, problem, hasMore } = state;

  const onFilter = useCallback(
    (next: OrderFilter) => {
      feed.setFilter(next);
      router.setQuery(viewToQuery({ filter: next, sort: feed.state.get().sort }), "same");
    },
    [feed, router],
  );
  function onSort(next: OrderSort): void {
    feed.setSort(next);
    router.setQuery(viewToQuery({ filter, sort: next }), "same");
  }

  const label = schema.label(name);
  return (
    <section className={styles.panel} aria-labelledby="table-heading">
      <TableBar
        title={
          <div className={styles.title}>
            <h2 id="table-heading">{label}</h2>
            <span className={styles.count}>
              {loaded && formatCount(start + rows.length)}
              {hasMore && "+"}
            </span>
          </div>
        }
        {...{ filter, sort: state.sort, onFilter }}
      />
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
          {...{ feed, state, columns, onSort }}
          total={null}
          hold={false}
          picks={false}
          acts={false}
        >
          {({ order: shown, gone }, place) => (
            <TableRow
              key={feed.keyOf(shown)}
              {...place}
              columns={columns}
              shown={shown}
              gone={gone}
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
            <button type="button" className={styles.all} onClick={() => onFilter(EVERYTHING)}>
              {words.tables.showAll}
            </button>
          )}
        </p>
      )}
    </section>
  );
}
