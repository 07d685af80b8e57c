import { type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { type Column, RefusedError, type Row } from "real-time-orders";
import { useToasts } from "@/components/toasts";
import { fieldsOf, messageOf } from "@/lib/format";
import { lazily } from "@/lib/lazily";
import { formatCell, type Parent } from "@/lib/money";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { type Draft, isTyped } from "../model/drafts";
import { rowId, withEdit } from "../model/order-edits";
import { checkValue, readValue, textOf } from "../model/value-text";
import styles from "./editable-value.module.css";
import { useOrders } from "./orders-context";
import { useMember } from "./use-member";

const load = () => import("./value-editor");
const ValueEditor = lazily(load, "ValueEditor");
/**
 * Loads the editor before it is opened. Otherwise keys typed at once would trigger the page's
 * shortcuts.
 */
const preload = () => void load().catch(() => undefined);

/** How an editor was opened; `again`: after a failed save, when the focus is elsewhere. */
export type Opened = "pointer" | "keyboard" | "again";

interface EditableValueProps {
  table: string;
  /** The row's key as it stands in the API's paths. */
  rowKey: string;
  /** The row from the stream. This component adds pending changes. */
  row: Row;
  column: Column;
  label: string;
  /** The row to which this row belongs, if the page has it. */
  parent?: Parent;
  /** Set in a grid, where a single click acts on the row and a double click edits the value. */
  tabIndex?: number;
  /** The value as it is shown; default: as text. */
  children?: ReactNode;
  /** Whether the row has left the list. Then only a value with a draft can be edited. */
  gone?: boolean;
}

/**
 * One value of any row, edited after a click, Enter or F2. Tab opens the next value within the nearest
 * element with `data-editables`.
 */
export function EditableValue(props: EditableValueProps) {
  const { table, rowKey, row, column, label, parent, children, gone = false } = props;
  const { rights, writes } = useOrders();
  const id = rowId(table, rowKey);
  const place = `${id}/${column.name}`;
  const shown = withEdit(row, useMember(writes.edits.state, id));
  const draft = useMember(writes.drafts.state, place);
  const described = useSchema().of(table)?.table;
  const text = formatCell(shown, column.name, column, described, parent);
  const content = children ?? <bdi>{text}</bdi>;
  if (!rights.write || !column.writable || (gone && !draft)) return content;
  return (
    <Editable
      {...props}
      {...{ place, draft }}
      shown={shown}
      name={words.editing.label(label, text)}
    >
      {content}
    </Editable>
  );
}

interface EditableProps extends EditableValueProps {
  place: string;
  draft: Draft | undefined;
  shown: Row;
  name: string;
}

function Editable({ place, draft, shown, name, children, ...props }: EditableProps) {
  const { table, rowKey, row, column, label, parent, tabIndex } = props;
  const { writes } = useOrders();
  const { drafts } = writes;
  const toasts = useToasts();
  const [editing, setEditing] = useState<Opened | null>(null);
  const box = useRef<HTMLSpanElement>(null);
  const refocus = useRef(false);

  useEffect(() => {
    if (editing || !refocus.current) return;
    refocus.current = false;
    box.current?.querySelector("button")?.focus();
  }, [editing]);

  function open(by: "pointer" | "keyboard"): void {
    if (!isTyped(draft)) {
      const initial = textOf(shown[column.name], column);
      // `seen` includes pending changes, so that they do not count as changes by someone else.
      const of = { table, key: rowKey, label };
      drafts.set(place, { text: initial, initial, seen: shown, error: null, ...of });
    }
    setEditing(by);
  }

  /**
   * Closes the editor and saves. `stays`: the focus stays at the value. Returns false if the text is
   * not valid.
   */
  function commit(stays: boolean): boolean {
    const typed = drafts.get(place);
    if (isTyped(typed)) {
      const error = checkValue(typed.text, column);
      if (error !== null) {
        drafts.set(place, { ...typed, error });
        return false;
      }
      void save(typed);
    } else drafts.delete(place);
    refocus.current = stays;
    setEditing(null);
    return true;
  }

  async function save(typed: Draft): Promise<void> {
    drafts.delete(place);
    const failed = (error: unknown): void => {
      if (error instanceof RefusedError && error.status === 404) {
        drafts.lose(typed);
        return;
      }
      const fields = fieldsOf(error);
      const reason = fields[column.name] ?? messageOf(error);
      const isFree = drafts.get(place) === undefined; // false: the user edits the value again
      if (isFree) {
        drafts.set(place, { ...typed, error: reason });
        const isHere = box.current?.contains(document.activeElement);
        setEditing(isHere ? "keyboard" : "again");
      }
      if (isFree && box.current) return; // the editor shows the reason
      const title = words.editing.notSavedTitle(label, writes.nameOf(table, rowKey));
      toasts.show({ tone: "bad", title, detail: isFree ? words.editing.kept(reason) : reason });
    };
    try {
      const change = { [column.name]: readValue(typed.text, column) };
      await writes.change(table, rowKey, typed.seen, change, failed);
    } catch (error) {
      failed(error);
    }
  }

  /**
   * Closes the editor. A text of several lines is kept as a draft, because one key must not lose so
   * much work.
   */
  function cancel(): void {
    const typed = drafts.get(place);
    if (isTyped(typed) && typed.text.includes("\n")) drafts.set(place, { ...typed, error: null });
    else drafts.delete(place);
    refocus.current = true;
    setEditing(null);
  }

  return (
    <span ref={box} className={styles.box} data-editable>
      {draft && editing ? (
        <Suspense fallback={children}>
          <ValueEditor
            table={table}
            column={column}
            label={label}
            draft={draft}
            now={shown}
            parent={parent}
            opened={editing}
            onText={(text) => drafts.set(place, { ...draft, text, error: null })}
            onCommit={commit}
            onCancel={cancel}
          />
        </Suspense>
      ) : (
        <>
          <button
            type="button"
            className={styles.value}
            aria-label={words.editing.edit(name)}
            aria-busy={shown !== row}
            onFocus={preload}
            onPointerEnter={preload}
            tabIndex={tabIndex}
            data-value={tabIndex === undefined ? undefined : true}
            onClick={({ detail }) => {
              if (detail === 0) open("keyboard");
              else if (tabIndex === undefined) open("pointer");
            }}
            onDoubleClick={() => tabIndex !== undefined && open("pointer")}
            onKeyDown={(event) => {
              if (event.key !== "F2") return;
              event.preventDefault();
              open("keyboard");
            }}
          >
            {children}
          </button>
          {isTyped(draft) && shown === row && (
            <span className={styles.draft} title={draft.error ?? undefined}>
              {words.editing.notSaved}
              <button type="button" onClick={() => drafts.delete(place)}>
                {words.editing.discard}
              </button>
            </span>
          )}
        </>
      )}
    </span>
  );
}
