import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { Button } from "@/components/button";
import dialog from "@/components/dialog.module.css";
import { useToasts } from "@/components/toasts";
import { messageOf } from "@/lib/error-message";
import { RefusedError } from "@/lib/http";
import { randomKey } from "@/lib/random-key";
import { createOrder, type NewOrder } from "../api/create-order";
import {
  checkDraft,
  DRAFT_FIELDS,
  type DraftErrors,
  type DraftField,
  type OrderDraft,
  orderOf,
} from "../model/order-draft";
import { Field } from "./field";
import styles from "./new-order-form.module.css";

interface NewOrderFormProps {
  draft: OrderDraft;
  onDraft: (draft: OrderDraft) => void;
  onDone: () => void;
  onCancel: () => void;
}

export function NewOrderForm({ draft, onDraft, onDone, onCancel }: NewOrderFormProps) {
  const toasts = useToasts();
  const form = useRef<HTMLFormElement>(null);
  const [errors, setErrors] = useState<DraftErrors>({});
  // One key for one order: when the answer got lost, trying again does not order twice.
  const [key, setKey] = useState(randomKey);
  const creation = useMutation({
    mutationFn: (order: NewOrder) => createOrder(order, key),
    onSuccess: ({ id }) => {
      toasts.show({ tone: "good", title: `Order #${id} created` });
      onDone();
    },
    onError: (error) => show(error instanceof RefusedError ? error.fields : {}),
  });

  function show(found: DraftErrors): void {
    setErrors(found);
    const first = DRAFT_FIELDS.find((field) => found[field] !== undefined);
    if (first) form.current?.querySelector<HTMLInputElement>(`[name=${first}]`)?.focus();
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (creation.isPending) return;
    const found = checkDraft(draft);
    show(found);
    if (Object.keys(found).length === 0) creation.mutate(orderOf(draft));
  }

  function bind(field: DraftField) {
    return {
      name: field,
      value: draft[field],
      error: errors[field],
      onChange: (value: string) => {
        onDraft({ ...draft, [field]: value });
        setErrors({ ...errors, [field]: undefined });
        setKey(randomKey());
      },
    };
  }

  const unplaced = creation.error && Object.keys(errors).length === 0 ? creation.error : null;
  return (
    <form ref={form} className={styles.form} noValidate onSubmit={submit}>
      <Field label="Customer" {...bind("customer_name")} placeholder="John Doe" />
      <Field label="Product" {...bind("product_name")} placeholder="Laptop" />
      <Field label="Quantity" {...bind("quantity")} inputMode="numeric" />
      <p role="alert" className={styles.problem}>
        {unplaced && `${messageOf(unplaced)} Nothing you typed is lost.`}
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
