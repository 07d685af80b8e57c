/** Every dialog of the page: one chunk, loaded when the first of them is opened. */
export { HelpDialog } from "@/components/help-dialog";
export { ConflictDialog } from "@/features/orders/components/conflict-dialog";
export { NewOrderDialog } from "@/features/orders/components/new-order-form";
