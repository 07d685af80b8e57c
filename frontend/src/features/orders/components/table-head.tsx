import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, memo, type PointerEvent } from "react";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { type OrderSort, sortBy } from "../model/order-sort";
import { arranged, type TableColumn } from "../model/table-columns";
import { useOrders } from "./orders-context";
import { isNumber } from "./grid-cell";
import styles from "./orders-table.module.css";

const STEP_PX = 16;
/** A pointer that moves less than this clicks and does not drag. */
const DRAG_PX = 6;

interface TableHeadProps {
  columns: readonly TableColumn[];
  sort: OrderSort;
  /** Whether rows can be selected. */
  picks: boolean;
  onSort: (sort: OrderSort) => void;
}

export const TableHead = memo(function TableHead(props: TableHeadProps) {
  const { columns, sort, picks, onSort } = props;
  return (
    <div role="rowgroup" className={styles.head}>
      <div role="row" aria-rowindex={1} className={styles.headings}>
        {picks && (
          <div role="columnheader">
            <span className="visually-hidden">{words.columns.select}</span>
          </div>
        )}
        {columns.map((column) => (
          <Heading key={column.name} {...column} sort={sort} onSort={onSort} />
        ))}
        <div role="columnheader">
          <span className="visually-hidden">{words.columns.actions}</span>
        </div>
      </div>
    </div>
  );
});

type HeadingProps = TableColumn & Pick<TableHeadProps, "sort" | "onSort">;

/**
 * A column's heading. A click sorts by the column; with Shift, by this column as well. Dragging moves
 * the heading; dragging its edge changes its width. Keys: Shift with an arrow moves, + and - change the
 * width, 0 restores it.
 */
function Heading({ name, label, role, column, sort, onSort }: HeadingProps) {
  const { place, keys } = useArranging(name, role === "id");
  const at = sort.findIndex((term) => term.column === name);
  const term = sort[at];
  const Arrow = term?.descending ? ArrowDown : ArrowUp;
  return (
    <div
      role="columnheader"
      data-role={role}
      data-number={isNumber(column)}
      title={column?.comment ?? undefined}
      aria-sort={term ? (term.descending ? "descending" : "ascending") : "none"}
      {...place}
    >
      <button
        type="button"
        aria-keyshortcuts="Shift+Enter Shift+ArrowLeft Shift+ArrowRight + - 0"
        onClick={({ shiftKey }) => onSort(sortBy(sort, name, column, shiftKey))}
        onKeyDown={keys}
      >
        <span>{label}</span>
        {term && <Arrow size={12} aria-hidden />}
        {term && sort.length > 1 && (
          <span className={styles.rank}>
            <span className="visually-hidden">{words.columns.sortedAs}</span>
            {at + 1}
          </span>
        )}
      </button>
      <Edge name={name} />
    </div>
  );
}

/** Returns the handlers that move a heading and change its width. */
function useArranging(name: string, isFixed: boolean) {
  const { columns: choice } = useOrders();
  const schema = useSchema();

  const names = () => arranged(schema, choice.layout).map((column) => column.name);

  function keys(event: KeyboardEvent<HTMLElement>): void {
    const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey) return;
    const heading = event.currentTarget.parentElement;
    const isRight = key === "ArrowRight";
    if (shiftKey && (isRight || key === "ArrowLeft")) {
      const next = isRight ? heading?.nextElementSibling : heading?.previousElementSibling;
      const to = next?.getAttribute("data-column");
      if (to && !isFixed) choice.move(names(), name, to, isRight);
    } else if (key === "+" || key === "-") {
      const width = heading?.offsetWidth ?? 0;
      choice.resize(name, width + (key === "+" ? STEP_PX : -STEP_PX));
    } else if (key === "0") choice.unsize(name);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * Moves a heading with any pointer, also a finger. The heading under the pointer shows where the
   * column would go.
   */
  function drag(start: PointerEvent<HTMLElement>): void {
    if (isFixed || start.button !== 0) return;
    const heading = start.currentTarget;
    let target: HTMLElement | null = null;
    let side = "";
    const mark = (next: HTMLElement | null) => {
      target?.removeAttribute("data-side");
      target = next;
      if (next) next.dataset.side = side;
    };
    const listening = new AbortController();
    const { signal } = listening;
    const move = ({ pointerId, clientX, clientY }: globalThis.PointerEvent) => {
      if (!heading.hasPointerCapture(pointerId)) {
        if (Math.abs(clientX - start.clientX) < DRAG_PX) return;
        heading.setPointerCapture(pointerId); // so that the button gets no click
      }
      const under = document.elementFromPoint(clientX, clientY);
      const over = under?.closest<HTMLElement>("[role=columnheader][data-column]") ?? null;
      const { left = 0, width = 0 } = over?.getBoundingClientRect() ?? {};
      side = clientX < left + width / 2 ? "before" : "after";
      mark(over);
    };
    const end = ({ type }: Event) => {
      const to = type === "pointerup" ? target?.dataset.column : undefined;
      mark(null);
      listening.abort();
      if (to !== undefined && to !== name) choice.move(names(), name, to, side === "after");
    };
    document.addEventListener("pointermove", move, { signal });
    document.addEventListener("pointerup", end, { signal });
    document.addEventListener("pointercancel", end, { signal });
  }

  const place = {
    "data-column": isFixed ? undefined : name,
    onPointerDown: drag,
  };
  return { place, keys };
}

/** The edge between two headings, which can be dragged. */
function Edge({ name }: { name: string }) {
  const { columns: choice } = useOrders();

  function hold(event: PointerEvent<HTMLElement>): void {
    event.preventDefault();
    event.stopPropagation(); // the heading must not be dragged too
    const edge = event.currentTarget;
    const start = event.clientX;
    const width = edge.parentElement?.offsetWidth ?? 0;
    const direction = getComputedStyle(edge).direction === "rtl" ? -1 : 1;
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = ({ clientX }) =>
      choice.resize(name, width + (clientX - start) * direction);
    edge.onlostpointercapture = () => (edge.onpointermove = null);
  }

  return (
    <span
      className={styles.edge}
      aria-hidden
      onPointerDown={hold}
      onDoubleClick={() => choice.unsize(name)}
      title={words.columns.width}
    />
  );
}
