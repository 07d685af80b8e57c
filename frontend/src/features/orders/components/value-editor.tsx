import { type ClipboardEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import type { Column, Row } from "real-time-orders";
import { Button } from "@/components/button";
import { formatCell, type Parent } from "@/lib/money";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { Draft } from "../model/drafts";
import { checkValue, editedAs } from "../model/value-text";
import type { Opened } from "./editable-value";
import { Control } from "./field";
import { Suggestions } from "./suggestions";
import { useSuggestions } from "./use-suggestions";
import styles from "./editable-value.module.css";

interface ValueEditorProps {
  table: string;
  column: Column;
  label: string;
  draft: Draft;
  /** The row as it is now. */
  now: Row;
  parent: Parent | undefined;
  opened: Opened;
  onText: (text: string) => void;
  /** Saves. `stays`: the focus stays here. Returns whether the editor is closed. */
  onCommit: (stays: boolean) => boolean;
  onCancel: () => void;
}

const MOST_IN_ONE_LINE = 120;

/** The editor of a value. Enter saves, Esc restores the value, Tab saves and opens the next one. */
export function ValueEditor(props: ValueEditorProps) {
  const { table, label, draft, now, parent, opened, onText, onCommit, onCancel } = props;
  const { text, seen } = draft;
  const { name } = props.column;
  const column = editedAs(props.column, seen[name]);
  const id = useId();
  const box = useRef<HTMLSpanElement>(null);
  const left = useRef(false);
  const [lines, setLines] = useState(text.includes("\n") || text.length > MOST_IN_ONE_LINE);
  const isText = column.kind === "text";
  const isPicked = column.kind === "choice" || column.kind === "boolean";
  const suggestions = useSuggestions(table, isText && !lines ? column.name : null, draft);

  useEffect(() => {
    const field = box.current?.querySelector<HTMLElement>("input, textarea, select");
    if (!field || opened === "again") return;
    field.focus();
    if (field instanceof HTMLInputElement && field.type === "text") field.select();
    if (field instanceof HTMLTextAreaElement) field.setSelectionRange(text.length, text.length);
    if (field instanceof HTMLSelectElement && opened === "pointer") showPicker(field);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when it is opened or changes its form
  }, [opened, lines]);

  function commit(stays: boolean): boolean {
    left.current = true;
    const isLeft = onCommit(stays);
    left.current = isLeft;
    return isLeft;
  }

  function press(event: KeyboardEvent<HTMLElement>): void {
    const { key, shiftKey } = event;
    if (event.nativeEvent.isComposing) return; // this Enter or Esc belongs to the input method
    const isModified = event.ctrlKey || event.metaKey;
    event.stopPropagation(); // keeps the key from the page's shortcuts
    if (suggestions.press(event)) return;
    if (key === "Escape") {
      event.preventDefault();
      left.current = true;
      onCancel();
    } else if (key === "Enter" && shiftKey && isText) {
      if (lines) return;
      event.preventDefault();
      setLines(true);
      onText(`${text}\n`);
    } else if (key === "Enter" && (column.kind !== "json" || isModified)) {
      event.preventDefault();
      const chosen = suggestions.chosen;
      if (chosen !== null) onText(chosen);
      commit(true);
    } else if (key === "Tab") {
      const next = nextEditable(event.currentTarget, shiftKey);
      commit(false);
      if (!next) return;
      event.preventDefault();
      next.querySelector("button")?.click();
    }
  }

  function paste(event: ClipboardEvent): void {
    const pasted = event.clipboardData.getData("text/plain");
    const field = event.target;
    if (!isText || lines || !pasted.includes("\n") || !(field instanceof HTMLInputElement)) return;
    // A field of one line would remove the line breaks.
    event.preventDefault();
    const [from, to] = [field.selectionStart ?? text.length, field.selectionEnd ?? text.length];
    setLines(true);
    onText(text.slice(0, from) + pasted + text.slice(to));
  }

  const error = draft.error ?? (column.kind === "json" ? checkValue(text, column) : null);
  const described = useSchema().of(table)?.table;
  const shown = (row: Row) => formatCell(row, name, props.column, described, parent);
  const isOther = shown(now) !== shown({ ...now, [name]: seen[name] });
  return (
    <span
      ref={box}
      className={styles.editor}
      onKeyDown={press}
      onPaste={paste}
      onBlur={(event) => {
        const to = event.relatedTarget;
        const isInside = event.currentTarget.contains(to);
        // A dialog that the user did not open, such as the one for an ended session, must not close the
        // editor.
        const isCovered = to?.closest('[role="dialog"], [role="alertdialog"]') != null;
        if (left.current || isInside || isCovered || !document.hasFocus()) return;
        commit(false);
      }}
    >
      <Control
        column={column}
        multiline={column.kind === "json" || column.kind === "array" || lines}
        empty={column.nullable ? "–" : null}
        id={id}
        name={name}
        aria-label={label}
        aria-invalid={error !== null}
        aria-required={!column.nullable}
        aria-describedby={`${id}-note`}
        value={text}
        combobox={suggestions.attributes}
        onChange={(value) => {
          onText(value);
          if (isPicked && opened === "pointer") commit(true);
        }}
      />
      <Suggestions
        {...suggestions}
        label={label}
        onChoose={(value) => {
          onText(value);
          commit(true);
        }}
      />
      <span id={`${id}-note`} className={styles.notes} aria-live="polite">
        {error !== null && <span className={styles.error}>{error}</span>}
        {isOther && <span>{words.editing.meanwhile(<bdi>{shown(now)}</bdi>)}</span>}
      </span>
      {(lines || column.kind === "json") && (
        <span className={styles.actions} onPointerDown={keepFocus}>
          <Button kind="primary" onClick={() => commit(true)}>
            {words.do.save}
          </Button>
          <Button onClick={onCancel}>{words.do.cancel}</Button>
          <span>{column.kind === "json" ? words.editing.saveKeys : words.editing.lineKeys}</span>
        </span>
      )}
    </span>
  );
}

/**
 * Keeps the focus in the field: some browsers do not focus a clicked button, so that no element would
 * have the focus.
 */
const keepFocus = (event: { preventDefault: () => void }): void => event.preventDefault();

function nextEditable(from: Element, backwards: boolean): Element | undefined {
  const own = from.closest("[data-editable]");
  const all = [...(own?.closest("[data-editables]")?.querySelectorAll("[data-editable]") ?? [])];
  return own ? all[all.indexOf(own) + (backwards ? -1 : 1)] : undefined;
}

function showPicker(field: HTMLSelectElement): void {
  try {
    field.showPicker();
  } catch {
    // The browser is older, or this was not the answer to a click. The field has the focus anyway.
  }
}
