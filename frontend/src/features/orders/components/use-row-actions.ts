import { useMemo } from "react";
import { keyOf } from "real-time-orders";
import { useToasts } from "@/components/toasts";
import { pathOfTable } from "@/lib/route";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { copyOf } from "../model/new-order";
import { rowId } from "../model/order-edits";
import { PLAIN_VIEW, viewToQuery } from "../model/order-filter";
import { useOrders } from "./orders-context";
import type { RowActions } from "./table-row";

/** Returns the actions on a row of the table. `onCreate` shows the form for a new row. */
export function useRowActions(onMenu: (open: boolean) => void, onCreate: () => void): RowActions {
  const { writes } = useOrders();
  const toasts = useToasts();
  const schema = useSchema();
  return useMemo(() => {
    const { name, key } = schema.table;
    return {
      duplicate: (row) => {
        writes.newRow(name).set(copyOf(row, keyOf(row, key), schema));
        onCreate();
      },
      copyLink: (row) => {
        const conditions = Object.fromEntries(key.map((each) => [each, [String(row[each])]]));
        const view = { ...PLAIN_VIEW, filter: { conditions, search: "" } };
        const link = `${location.origin}${pathOfTable(name)}?${viewToQuery(view).toString()}`;
        // `clipboard` exists only on pages loaded over HTTPS or from localhost.
        Promise.resolve()
          .then(() => navigator.clipboard.writeText(link))
          .then(
            () => toasts.show({ tone: "good", title: words.tables.linkCopied }),
            () => toasts.show({ tone: "neutral", title: words.tables.link, detail: link }),
          );
      },
      remove: (row) => {
        const place = rowId(name, keyOf(row, key));
        if (writes.deletes.state.get().has(place)) writes.deletes.undo(place);
        else writes.removeRow(name, keyOf(row, key), row);
      },
      menu: onMenu,
    };
    // `onMenu` and `onCreate` do the same after each render, so they are not listed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [writes, toasts, schema]);
}
