import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { keyOf, ORDERS } from "real-time-orders";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import { useToasts } from "@/components/toasts";
import { fieldsOf, messageOf } from "@/lib/format";
import { queries } from "@/lib/queries";
import { isRequired, type Role } from "@/lib/schema";
import { useSchema } from "@/lib/use-schema";
import { randomKey } from "@/lib/random-key";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import { createRow } from "../api/rows";
import {
  checkNewOrder,
  emptyOrder,
  type NewOrder,
  newOrderToJson,
  withoutBlankLines,
} from "../model/new-order";
import type { DraftErrors } from "../model/order-draft";
import { Field } from "./field";
import { LinesField } from "./lines-field";
import { useOrders } from "./orders-context";

interface NewOrderDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/**
 * The dialog for a new order, or a new row of the shown table. What the user typed is kept when it
 * closes.
 */
export function NewOrderDialog({ open, onOpenChange }: NewOrderDialogProps) {
  const { writes } = useOrders();
  const schema = useSchema();
  const { name } = schema.table;
  const newRow = writes.newRow(name);
  const draft = useObservable(newRow);
  const usual = name === ORDERS ? words.page.newOrder : words.tables.newRowOf(schema.title);
  const copied = draft?.copyOf ?? null;
  const title = copied === null ? usual : words.tables.copyOf(writes.nameOf(name, String(copied)));
  return (
    <Dialog title={title} open={open} onOpenChange={onOpenChange}>
      <NewOrderForm
        draft={draft ?? emptyOrder(schema)}
        onDraft={(typed) => newRow.set(typed)}
        onDone={() => {
          newRow.set(null);
          onOpenChange(false);
        }}
        onCancel={() => onOpenChange(false)}
      />
    </Dialog>
  );
}

interface NewOrderFormProps {
  draft: NewOrder;
  onDraft: (draft: NewOrder) => void;
  onDone: () => void;
  onCancel: () => void;
}

function NewOrderForm({ draft, onDraft, onDone, onCancel }: NewOrderFormProps) {
  const toasts = useToasts();
  const { writes } = useOrders();
  const schema = useSchema();
  const { name, key: keyColumns } = schema.table;
  const columns = schema.writable.toSorted((a, b) => Number(isRequired(b)) - Number(isRequired(a)));
  const form = useRef<HTMLFormElement>(null);
  const [errors, setErrors] = useState<DraftErrors>({});
  // One idempotency key for each order: if the answer is lost, a second attempt creates no second
  // order.
  const [key, setKey] = useState(randomKey);
  const creation = useMutation(
    {
      mutationFn: (rowJson: string) => createRow(name, rowJson, key),
      onSuccess: (row) => {
        const created = writes.nameOf(name, keyOf(row, keyColumns));
        toasts.show({ tone: "good", title: words.tables.created(created) });
        onDone();
      },
      onError: (error) => show(fieldsOf(error)),
    },
    queries,
  );

  function show(found: DraftErrors): void {
    setErrors(found);
    for (const field of form.current?.elements ?? []) {
      if (
        !(field instanceof HTMLElement) ||
        found[field.getAttribute("name") ?? ""] === undefined
      ) {
        continue;
      }
      field.focus();
      break;
    }
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (creation.isPending) return;
    const order = withoutBlankLines(draft);
    onDraft(order);
    const found = checkNewOrder(order, schema);
    show(found);
    if (Object.keys(found).length === 0) creation.mutate(newOrderToJson(order, schema));
  }

  /** Changes the draft. Clears the error of the changed `field`; null: the errors of all lines. */
  function change(changed: Partial<NewOrder>, field: string | null): void {
    onDraft({ ...draft, ...changed });
    const isKept = (other: string) => (field === null ? !other.includes("[") : other !== field);
    setErrors(Object.fromEntries(Object.entries(errors).filter(([other]) => isKept(other))));
    setKey(randomKey());
  }

  const isPlaced = Object.keys(errors).length > 0;
  return (
    <form
      ref={form}
      className={dialog.form}
      data-many={columns.length > MOST_IN_ONE_COLUMN}
      noValidate
      onSubmit={submit}
    >
      {columns.map((column) => (
        <Field
          key={column.name}
          table={name}
          column={column}
          label={schema.label(column.name)}
          placeholder={exampleOf(schema.roleOf(column.name))}
          value={draft.values[column.name] ?? ""}
          error={errors[column.name]}
          onChange={(value) =>
            change({ values: { ...draft.values, [column.name]: value } }, column.name)
          }
        />
      ))}
      {schema.children.map((child) => (
        <LinesField
          key={child.table.name}
          child={child}
          lines={draft.lines[child.table.name] ?? []}
          errors={errors}
          onChange={(lines) =>
            change({ lines: { ...draft.lines, [child.table.name]: lines } }, null)
          }
        />
      ))}
      <FormEnd
        problem={creation.error && !isPlaced && words.newOrder.kept(messageOf(creation.error))}
        busy={creation.isPending}
        send={name === ORDERS ? words.newOrder.create : words.tables.create}
        sending={words.newOrder.creating}
        onCancel={onCancel}
      />
    </form>
  );
}

const exampleOf = (role: Role | undefined): string | undefined =>
  role === "customer" || role === "title" ? words.newOrder[role] : undefined;
/** A form with more fields than this has two columns. */
const MOST_IN_ONE_COLUMN = 6;
