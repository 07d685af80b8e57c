"use client";

/** Tables of a connection in React components. Safe in StrictMode and for rendering on a server. */
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

// Names of tables are checked where the connection is created, not here.
type AnyLive = Pick<Live, "connection" | "schema"> & {
  table(name: string, options?: TableOptions): LiveTable;
};

const LiveContext = createContext<AnyLive | null>(null);

interface LiveProviderProps {
  /** The result of `connect`, created outside of components. */
  readonly live: object;
  readonly children?: ReactNode;
}

/** Provides a connection to the components below. */
export const LiveProvider = ({ live, children }: LiveProviderProps): ReactElement =>
  createElement(LiveContext.Provider, { value: live as AnyLive }, children);

/** Returns the connection of the `LiveProvider` above. */
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

/** Returns the rows of a table and keeps them up to date; renders at most once per frame. */
export function useTable<R extends object = Row>(
  name: string,
  options: TableOptions = {},
): TableResult<R> {
  const live = useLive();
  const text = toJson(options); // an object literal differs in each render
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
  /** Undefined while the row is loading, and if it does not exist. */
  readonly row: R | undefined;
  readonly state: TableState;
  readonly table: LiveTable<R>;
}

/** Returns one row by its key and keeps it up to date. */
export function useRow<R extends object = Row>(name: string, key: KeyLike): RowResult<R> {
  const { rows, state, table } = useTable<R>(name, { key, limit: 1 });
  return { row: rows[0], state, table };
}

/** Returns the state of the connection. */
export function useConnection(): LiveState {
  const { connection } = useLive();
  return useSyncExternalStore(connection.subscribe, connection.get, connection.get);
}

/** Returns the description of the tables; null until it is loaded. */
export function useSchema(): Schema | null {
  const { schema } = useLive();
  useEffect(() => void schema.ensure().catch(() => undefined), [schema]);
  return useSyncExternalStore(schema.state.subscribe, schema.state.get, () => null);
}
