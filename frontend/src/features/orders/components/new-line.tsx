import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from "react";
import { type Id, ORDERS } from "real-time-orders";
import { Button } from "@/components/button";
import { Problem } from "@/components/problem";
import { fieldsOf, messageOf } from "@/lib/format";
import { randomKey } from "@/lib/random-key";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";
import { createRow } from "../api/rows";
import { lineColumns } from "../model/new-order";
import { checkDraft, draftToJson, type OrderDraft } from "../model/order-draft";
import { Field } from "./field";
import styles from "./lines.module.css";
import { useOrders } from "./orders-context";

interface NewLineProps {
  child: OrderSchema;
  order: Id;
  onClose: () => void;
}

/**
 * The form for a new line. Enter adds the line and begins another; Esc closes the form and keeps what
 * was typed.
 */
export function NewLine({ child, order, onClose }: NewLineProps) {
  const { drafts } = useOrders().writes;
  const { name, parent } = child.table;
  const link = parent?.column ?? "";
  const place = `${name} of ${order}`;
  const [draft, setDraft] = useState<OrderDraft>(() => typedBefore(drafts.get(place)?.text));
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const key = useRef(randomKey());
  const form = useRef<HTMLFormElement>(null);
  const columns = lineColumns(child);
  useEffect(() => focusFirstOf(form.current), []);

  function change(typed: OrderDraft): void {
    key.current = randomKey();
    setDraft(typed);
    const text = JSON.stringify(typed);
    const plain = columns
      .flatMap(({ name }) => (typed[name] ? [`${child.label(name)}: ${typed[name]}`] : []))
      .join("\n");
    const of = { table: ORDERS, key: String(order), label: child.title, plain };
    drafts.set(place, { text, initial: "{}", seen: {}, error: null, ...of });
  }

  async function add(): Promise<void> {
    const found = checkDraft(draft, columns);
    setErrors(found);
    if (busy || Object.keys(found).length > 0) return;
    const column = child.column(link);
    const json = draftToJson({ ...draft, [link]: String(order) }, [
      ...columns,
      ...(column ? [column] : []),
    ]);
    setBusy(true);
    try {
      await createRow(name, json, key.current);
      change({});
      drafts.delete(place);
      focusFirstOf(form.current);
    } catch (error) {
      const fields = fieldsOf(error);
      const isPlaced = columns.some((each) => fields[each.name] !== undefined);
      setErrors(isPlaced ? fields : { "": messageOf(error) });
    } finally {
      setBusy(false);
    }
  }

  function press(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key !== "Escape") return;
    event.preventDefault();
    onClose();
  }

  return (
    <form
      ref={form}
      className={styles.form}
      aria-label={words.lines.newIn(child.title)}
      noValidate
      onKeyDown={press}
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        void add();
      }}
    >
      {columns.map((column) => (
        <Field
          key={column.name}
          table={child.table.name}
          column={column}
          label={child.label(column.name)}
          multiline={column.kind === "json"}
          value={draft[column.name] ?? ""}
          error={errors[column.name]}
          onChange={(value) => {
            change({ ...draft, [column.name]: value });
            setErrors({});
          }}
        />
      ))}
      <Problem>{errors[""]}</Problem>
      <div className={styles.actions}>
        <Button onClick={onClose}>{words.do.close}</Button>
        <Button type="submit" kind="primary" disabled={busy}>
          {words.lines.add}
        </Button>
      </div>
    </form>
  );
}

const focusFirstOf = (form: HTMLFormElement | null): void =>
  form?.querySelector<HTMLElement>("input, select, textarea")?.focus();

const typedBefore = (text: string | undefined): OrderDraft =>
  text === undefined ? {} : (JSON.parse(text) as OrderDraft);
