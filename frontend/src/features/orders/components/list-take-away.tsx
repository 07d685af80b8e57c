import { ORDERS } from "real-time-orders";
import { TakeAway } from "@/components/take-away";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { filterInWords, type OrderView, toQuery } from "../model/order-filter";
import { isNewestFirst, sortToText } from "../model/order-sort";
import { shownColumns } from "../model/table-columns";
import { useOrders } from "./orders-context";

/** Exports the rows that match the filter, with the columns and the sort of the table. */
export function ListTakeAway({ filter, sort }: OrderView) {
  const schema = useSchema();
  const { columns } = useOrders();
  if (!schema.hasOrders) return null;
  return (
    <TakeAway
      list={() => {
        const query = toQuery(filter, schema);
        if (!isNewestFirst(sort)) query.set("sort", sortToText(sort));
        const shown = shownColumns(schema, columns.layout);
        return {
          table: schema.table.name,
          title: schema.table.name === ORDERS ? words.orders.list : schema.label(schema.table.name),
          query,
          filters: filterInWords(filter, schema),
          columns: shown.map(({ role, name, label, column }) => ({
            name: role === "id" ? schema.key : name,
            label,
            column,
          })),
        };
      }}
    />
  );
}
