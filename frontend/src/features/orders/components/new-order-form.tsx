import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { RefusedError } from "real-time-orders";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { useToasts } from "@/components/toasts";
import { messageOf } from "@/lib/format";
import { queries } from "@/lib/queries";
import { isRequired } from "@/lib/schema";
import { useSchema } from "@/lib/use-schema";
import { createOrder } from "../api/orders";
import {
  checkDraft,
  type DraftErrors,
  draftToJson,
  emptyDraft,
  type OrderDraft,
} from "../model/order-draft";
import { Field } from "./field";

interface NewOrderDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Keeps what the user typed while it is closed. */
export function NewOrderDialog({ open, onOpenChange }: NewOrderDialogProps) {
  const [draft, setDraft] = useState<OrderDraft | null>(null);
  const schema = useSchema();
  return (
    <Dialog title="New order" open={open} onOpenChange={onOpenChange}>
      <NewOrderForm
        draft={draft ?? emptyDraft(schema)}
        onDraft={setDraft}
        onDone={() => {
          setDraft(null);
          onOpenChange(false);
        }}
        onCancel={() => onOpenChange(false)}
      />
    </Dialog>
  );
}

interface NewOrderFormProps {
  draft: OrderDraft;
  onDraft: (draft: OrderDraft) => void;
  onDone: () => void;
  onCancel: () => void;
}

function NewOrderForm({ draft, onDraft, onDone, onCancel }: NewOrderFormProps) {
  const toasts = useToasts();
  const schema = useSchema();
  const columns = schema.writable.toSorted((a, b) => Number(isRequired(b)) - Number(isRequired(a)));
  const form = useRef<HTMLFormElement>(null);
  const [errors, setErrors] = useState<DraftErrors>({});
  // One key per order: if the answer was lost, a second attempt does not create a second order.
  const [key, setKey] = useState(randomKey);
  const creation = useMutation(
    {
      mutationFn: (orderJson: string) => createOrder(orderJson, key, schema.key),
      onSuccess: ({ id }) => {
        toasts.show({ tone: "good", title: `Order #${id} created` });
        onDone();
      },
      onError: (error) => show(error instanceof RefusedError ? error.fields : {}),
    },
    queries,
  );

  function show(found: DraftErrors): void {
    setErrors(found);
    const first = columns.find(({ name }) => found[name] !== undefined);
    const field = first && form.current?.elements.namedItem(first.name);
    if (field instanceof HTMLElement) field.focus();
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (creation.isPending) return;
    const found = checkDraft(draft, columns);
    show(found);
    if (Object.keys(found).length === 0) creation.mutate(draftToJson(draft, columns));
  }

  function change(name: string, value: string): void {
    onDraft({ ...draft, [name]: value });
    setErrors(Object.fromEntries(Object.entries(errors).filter(([other]) => other !== name)));
    setKey(randomKey());
  }

  const isPlaced = columns.some(({ name }) => errors[name] !== undefined);
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
          column={column}
          label={schema.label(column.name)}
          placeholder={
            EXAMPLES[schema.roleOf(column.name) ?? ""] ?? (column.default ? "default" : "")
          }
          value={draft[column.name] ?? ""}
          error={errors[column.name]}
          onChange={(value) => change(column.name, value)}
        />
      ))}
      <p role="alert" className={dialog.problem}>
        {creation.error && !isPlaced && `${messageOf(creation.error)} Your input is kept.`}
      </p>
      <div className={dialog.actions}>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" kind="primary" disabled={creation.isPending}>
          {creation.isPending ? "Creating…" : "Create order"}
        </Button>
      </div>
    </form>
  );
}

const EXAMPLES: Readonly<Record<string, string>> = { customer: "John Doe", title: "Laptop" };
/** More fields than this are set in two columns. */
const MOST_IN_ONE_COLUMN = 6;

/** `crypto.randomUUID` exists on https and localhost only; a page may be opened by http address. */
const randomKey = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
