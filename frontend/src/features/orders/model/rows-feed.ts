/** The rows of any watched table. */
import { keyOf, type Row } from "real-time-orders";
import type { RowKey } from "@/lib/row";
import { TableFeed } from "./orders-feed";

export class RowsFeed extends TableFeed<Row> {
  readonly keyOf = (row: Row): RowKey => keyOf(row, this.schema.get().table.key);

  protected shown(rows: readonly Row[]): readonly Row[] {
    return rows;
  }

  protected asRow(row: Row): Row {
    return row;
  }
}
