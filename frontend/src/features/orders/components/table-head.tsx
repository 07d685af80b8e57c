import { ArrowDown, ArrowUp } from "lucide-react";
import { type DragEvent, type KeyboardEvent, memo, type PointerEvent, useState } from "react";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { type OrderSort, sortBy } from "../model/order-sort";
import { arranged, type TableColumn } from "../model/table-columns";
import { useOrders } from "./orders-context";
import { isNumber } from "./grid-cell";
import styles from "./orders-table.module.css";

const STEP_PX = 16;

interface TableHeadProps {
  columns: readonly TableColumn[];
  sort: OrderSort;
  /** Whether rows can be selected. */
  picks: boolean;
  /** Whether rows have a menu. */
  acts?: boolean;
  onSort: (sort: OrderSort) => void;
}

export const TableHead = memo(function TableHead(props: TableHeadProps) {
  const { columns, sort, picks, acts = true, onSort } = props;
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
        {acts && (
          <div role="columnheader">
            <span className="visually-hidden">{words.columns.actions}</span>
          </div>
        )}
      </div>
    </div>
  );
});

type HeadingProps = TableColumn & Pick<TableHeadProps, "sort" | "onSort">;

/**
 * A click sorts, with Shift by this column as well. The heading is dragged to another place, its edge to
 * another width; with the keyboard: Shift with an arrow, + and -, 0 for the usual width.
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

const DRAGGED = "application/x-orders-column";

/** What a heading needs to be moved. */
function useArranging(name: string, isFixed: boolean) {
  const { columns: choice } = useOrders();
  const schema = useSchema();
  const [side, setSide] = useState<"before" | "after" | null>(null);

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

  function over(event: DragEvent<HTMLElement>): void {
    if (!event.dataTransfer.types.includes(DRAGGED)) return;
    event.preventDefault();
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setSide(event.clientX < left + width / 2 ? "before" : "after");
  }

  function drop(event: DragEvent<HTMLElement>): void {
    event.preventDefault();
    choice.move(names(), event.dataTransfer.getData(DRAGGED), name, side === "after");
    setSide(null);
  }

  const place = {
    "data-column": isFixed ? undefined : name,
    "data-side": side ?? undefined,
    draggable: !isFixed,
    onDragStart: (event: DragEvent<HTMLElement>) => event.dataTransfer.setData(DRAGGED, name),
    ...(!isFixed && { onDragOver: over, onDrop: drop, onDragLeave: () => setSide(null) }),
  };
  return { place, keys };
}

/** The edge between a heading and the next, which can be dragged. */
function Edge({ name }: { name: string }) {
  const { columns: choice } = useOrders();

  function hold(event: PointerEvent<HTMLElement>): void {
    event.preventDefault();
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
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={hold}
      onDoubleClick={() => choice.unsize(name)}
      title={words.columns.width}
    />
  );
}
