/** All dialogs of the page in one chunk, which is loaded when the first of them is opened. */
export { HelpDialog } from "@/components/help-dialog";
export { PasswordDialog } from "@/features/access/components/password-dialog";
export { SessionsDialog } from "@/features/access/components/sessions-dialog";
export { ConflictDialog } from "@/features/orders/components/conflict-dialog";
export { LostTextsDialog } from "@/features/orders/components/lost-texts-dialog";
export { NewOrderDialog } from "@/features/orders/components/new-order-form";
