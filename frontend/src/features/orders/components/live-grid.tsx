import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Row } from "real-time-orders";
import { NewsButton } from "@/components/news-button";
import type { RowKey } from "@/lib/row";
import { useMedia } from "@/lib/use-media";
import { useObservable } from "@/lib/use-observable";
import { useShortcuts } from "@/lib/use-shortcuts";
import type { Words } from "@/words";
import type { ShownRow } from "../model/held-rows";
import type { OrderSort } from "../model/order-sort";
import type { FeedState, TableFeed } from "../model/orders-feed";
import { gridOf, type TableColumn } from "../model/table-columns";
import { USUAL_LAYOUT } from "../model/table-layout";
import styles from "./orders-table.module.css";
import { useOrders } from "./orders-context";
import { TableHead } from "./table-head";
import { useGridFocus } from "./use-grid-focus";
import { useHeldRows } from "./use-held-rows";
import type { ShowView } from "./use-view-address";
import { useVirtualRows } from "./use-virtual-rows";

const ROW_PX = { comfortable: 48, compact: 36 } as const;
const HEAD_PX = 36;
const NARROW_ROW_PX = 72;
/**
 * On narrow screens a row of another table is a card: this height for its key, and a line for each
 * other value.
 */
const NARROW_KEY_PX = 48;
const NARROW_LINE_PX = 28;
/** Rows outside the held part are loaded after scrolling has stopped for this time. */
const STILL_MS = 80;
const AT_TOP_PX = 4;

/** Where a row is drawn, and which of its cells gets the focus. */
export interface RowPlace {
  readonly row: number;
  readonly top: number;
  readonly height: number;
  /** The cell at which the Tab key stops; null: no cell of this row. */
  readonly cell: number | null;
}

interface LiveGridProps<R extends Row> {
  label: string;
  /** What a row is called, such as "order". */
  noun: keyof Words["news"];
  feed: TableFeed<R>;
  state: FeedState<R>;
  columns: readonly TableColumn[];
  /** How many rows match in all; null if they are not counted. */
  total: number | null;
  /** Whether to hold the rows in their places even if the user is not working with them. */
  hold: boolean;
  onView: ShowView;
  /** Whether rows can be selected; default: if the user may write. */
  picks?: boolean;
  /** Called when the user wants to see the new rows. */
  onShowNew?: () => void;
  children: (shown: ShownRow<R>, place: RowPlace) => ReactNode;
}

/** A live table of any rows: scrolled and sorted, with a heading for each column. */
export function LiveGrid<R extends Row>(props: LiveGridProps<R>) {
  const { label, noun, feed, state, columns, total, hold, onView, onShowNew, children } = props;
  const { rights, columns: choice, look } = useOrders();
  const { picks = rights.write } = props;
  const { widths } = useObservable(choice.state) ?? USUAL_LAYOUT;
  const { density } = useObservable(look.state);
  const { filter, sort, hasMore } = state;
  const onSort = useCallback(
    (next: OrderSort) => onView({ filter, sort: next }, "same"),
    [filter, onView],
  );
  const grid = useRef<HTMLDivElement>(null);
  const isNarrow = useMedia("(max-width: 44rem)");
  const rowPx = isNarrow ? cardPx(noun, columns) : ROW_PX[density];
  const headPx = isNarrow ? 0 : HEAD_PX;
  const { busy, touch, rest } = useBusy(grid);
  const [scrolled, setScrolled] = useState(false);
  const keyOf = useCallback((row: R): RowKey => feed.keyOf(row), [feed]);
  const { held, moved } = useHeldRows(state, keyOf, scrolled || busy || hold);
  const count = hasMore ? Math.max(total ?? 0, held.end) : held.end;

  const rows = useVirtualRows(grid, count, rowPx, headPx, moved);
  const { place, reveal } = rows;
  const focus = useGridFocus({
    grid,
    count,
    rowsOfView: Math.max(1, Math.floor(rows.viewPx / rowPx) - 1),
    topRow: () => Math.ceil((place.top + place.offset) / rowPx),
    reveal,
    moved,
  });
  const { active } = focus;
  const drawn = useMemo(() => {
    const found = Array.from(
      { length: Math.max(0, rows.end - rows.first) },
      (_, at) => rows.first + at,
    );
    // The row with the focus stays drawn, wherever the grid is scrolled to.
    const isApart = active.row < rows.first || active.row >= rows.end;
    return isApart && active.row < count ? [...found, active.row] : found;
  }, [rows.first, rows.end, active.row, count]);

  const isWaiting = drawn.some((row) => !held.at(row));
  const longest = Math.max(
    isWaiting ? String(count).length : 0,
    ...drawn.map((row) => keyLength(held.at(row), keyOf)),
  );
  const style = useMemo(() => gridOf(columns, longest, widths), [columns, longest, widths]);
  const [first, end] = held.inLive(rows.first, rows.end);
  const isFar = rows.end < held.start || rows.first > held.end;
  useEffect(() => {
    const timer = setTimeout(() => feed.show(first, end), isFar ? STILL_MS : 0);
    return () => clearTimeout(timer);
  }, [feed, first, end, isFar, hasMore, state.pages, state.loading]);
  useLayoutEffect(() => {
    grid.current?.scrollTo({ top: 0 });
  }, [filter, sort]);
  useShortcuts({ j: () => focus.move(1), k: () => focus.move(-1) });

  function showNew(): void {
    onShowNew?.();
    rest();
    setScrolled(false);
    grid.current?.scrollTo({ top: 0 });
  }

  return (
    <div
      className={styles.frame}
      data-picks={picks}
      data-density={density}
      style={style}
      onPointerMove={touch}
      onKeyDown={touch}
      onWheel={touch}
    >
      <NewsButton count={held.fresh} noun={noun} onShow={showNew} />
      <div
        ref={grid}
        className={styles.scroller}
        role="grid"
        aria-label={label}
        aria-rowcount={hasMore && total === null ? -1 : count + 1}
        aria-multiselectable={picks || undefined}
        tabIndex={count === 0 ? 0 : -1}
        onScroll={(event) => {
          setScrolled(event.currentTarget.scrollTop > AT_TOP_PX);
          rows.onScroll();
        }}
        {...focus.handlers}
      >
        <TableHead {...{ columns, sort, picks, onSort }} />
        <div role="rowgroup" className={styles.body} style={{ height: rows.height }}>
          {drawn.map((row) => {
            const shown = held.at(row);
            const cell = row === active.row ? active.cell : null;
            const at = { row, top: rows.topOf(row), height: rowPx, cell };
            if (shown) return children(shown, at);
            const isInView = row >= rows.first && row < rows.end; // the focused row may not be
            return isInView && <WaitingRow key={`waiting ${row}`} {...at} />;
          })}
        </div>
      </div>
    </div>
  );
}

function cardPx(noun: keyof Words["news"], columns: readonly TableColumn[]): number {
  if (noun === "row") return NARROW_KEY_PX + (columns.length - 1) * NARROW_LINE_PX;
  const added = columns.filter(({ role }) => role === undefined || role === "created").length;
  return NARROW_ROW_PX + added * NARROW_LINE_PX;
}

/** Drawn in place of a row that is not loaded yet. */
const WaitingRow = ({ row, top, height }: RowPlace) => (
  <div
    role="row"
    aria-rowindex={row + 2}
    aria-busy
    className={styles.waiting}
    style={{ height, transform: `translateY(${top}px)` }}
  >
    <div role="gridcell" />
  </div>
);

function keyLength<R extends Row>(
  shown: ShownRow<R> | undefined,
  keyOf: (row: R) => RowKey,
): number {
  return shown ? String(keyOf(shown.order)).length : 0;
}

const BUSY_MS = 5000;
const EDITOR = "[data-editable] :is(input, select, textarea)";

/** Whether the user is working in the grid: editing a value, or active within the last few seconds. */
function useBusy(grid: RefObject<HTMLElement | null>) {
  const [busy, setBusy] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const rest = useCallback(() => {
    clearTimeout(timer.current);
    setBusy(false);
  }, []);
  const touch = useCallback(() => {
    clearTimeout(timer.current);
    const end = () => {
      if (grid.current?.querySelector(EDITOR)) timer.current = setTimeout(end, BUSY_MS);
      else setBusy(false);
    };
    timer.current = setTimeout(end, BUSY_MS);
    setBusy(true);
  }, [grid]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return { busy, touch, rest };
}
