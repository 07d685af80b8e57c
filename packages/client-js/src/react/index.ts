"use client";

/** The tables of a connection in React components. Safe in StrictMode and when rendered on a server. */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from "react";
import type { LiveState } from "../connection.ts";
import { toJson } from "../json.ts";
import type { Live } from "../live.ts";
import type { LiveTable } from "../live-table.ts";
import type { TableOptions, TableState } from "../table-state.ts";
import type { Row } from "../row.ts";
import type { Schema } from "../schema.ts";
import type { KeyLike } from "../table-writes.ts";

// The names of tables are checked where the connection is made, not here.
type AnyLive = Pick<Live, "connection" | "schema"> & {
  table(name: string, options?: TableOptions): LiveTable;
};

const LiveContext = createContext<AnyLive | null>(null);

interface LiveProviderProps {
  /** Made by `connect`, outside of components. */
  readonly live: object;
  readonly children?: ReactNode;
}

/** Gives a connection to the components below. */
export const LiveProvider = ({ live, children }: LiveProviderProps): ReactElement =>
  createElement(LiveContext.Provider, { value: live as AnyLive }, children);

/** The connection of the `LiveProvider` above. */
export function useLive(): AnyLive {
  const live = useContext(LiveContext);
  if (!live) throw new Error("useLive needs a LiveProvider above it.");
  return live;
}

export interface TableResult<R extends object> {
  readonly rows: readonly R[];
  readonly state: TableState;
  /** For `insert`, `update`, `delete` and `loadMore`. */
  readonly table: LiveTable<R>;
}

/** The rows of a table, live; renders at most once per frame. */
export function useTable<R extends object = Row>(
  name: string,
  options: TableOptions = {},
): TableResult<R> {
  const live = useLive();
  const text = toJson(options); // a literal is another object in each render
  const table = useMemo(
    () => live.table(name, options) as unknown as LiveTable<R>,
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `text` stands for `options`
    [live, name, text],
  );
  const { rows, state } = useSyncExternalStore(
    table.subscribe,
    table.getSnapshot,
    table.getServerSnapshot,
  );
  return { rows, state, table };
}

export interface RowResult<R extends object> {
  /** Undefined while it is loading, and where there is no such row. */
  readonly row: R | undefined;
  readonly state: TableState;
  readonly table: LiveTable<R>;
}

/** One row by its key, live. */
export function useRow<R extends object = Row>(name: string, key: KeyLike): RowResult<R> {
  const { rows, state, table } = useTable<R>(name, { key, limit: 1 });
  return { row: rows[0], state, table };
}

/** The state of the connection. */
export function useConnection(): LiveState {
  const { connection } = useLive();
  return useSyncExternalStore(connection.subscribe, connection.get, connection.get);
}

/** The description of the tables; null until it is loaded. */
export function useSchema(): Schema | null {
  const { schema } = useLive();
  useEffect(() => void schema.ensure().catch(() => undefined), [schema]);
  return useSyncExternalStore(schema.state.subscribe, schema.state.get, () => null);
}
