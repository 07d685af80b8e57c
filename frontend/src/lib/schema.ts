/** The description of the table of orders: its columns, and those with a role in the page. */
import * as z from "zod/mini";
import { toJson } from "./json";
import type { Row } from "./row";

const KINDS = [
  "text",
  "choice",
  "integer",
  "number",
  "boolean",
  "date",
  "timestamp",
  "uuid",
  "json",
  "array",
  "binary",
  "other",
] as const;
export type Kind = (typeof KINDS)[number];

const Column = z.object({
  name: z.string(),
  /** PostgreSQL's name of the type, such as `numeric(12,2)`. */
  type: z.catch(z.string(), ""),
  kind: z.catch(z.enum(KINDS), "other"),
  nullable: z.catch(z.boolean(), true),
  writable: z.catch(z.boolean(), false),
  /** Whether PostgreSQL fills in a value where none is given. */
  default: z.catch(z.boolean(), false),
  choices: z.catch(z.nullish(z.array(z.string())), null),
  /** For each choice the choices that may follow it, the usual one first. */
  next: z.catch(z.nullish(z.record(z.string(), z.array(z.string()))), null),
  max_length: z.catch(z.nullish(z.number()), null),
  comment: z.catch(z.nullish(z.string()), null),
});
export type Column = z.infer<typeof Column>;

/** The columns that the page shows as an order's status, customer, title and quantity. */
const ROLES = {
  status: "status",
  customer: "customer_name",
  title: "product_name",
  quantity: "quantity",
} as const;
export type Role = keyof typeof ROLES;

const role = z.nullish(z.string());
export const TableSchema = z.object({
  name: z.string(),
  /** The columns of the primary key; of orders one. */
  key: z.catch(z.array(z.string()), ["id"]),
  columns: z.array(Column),
  display: z.nullish(z.object({ status: role, customer: role, title: role, quantity: role })),
});
export type TableSchema = z.infer<typeof TableSchema>;

export const isRequired = ({ nullable, default: given }: Column): boolean => !nullable && !given;

/** Columns that the system itself maintains. */
const SYSTEM = ["id", "version", "created_at", "updated_at"];

export class OrderSchema {
  /** Before the schema is loaded. */
  static readonly EMPTY = OrderSchema.withoutOrders("");

  readonly version: string;
  /** False where the database has no table of orders. */
  readonly hasOrders: boolean;
  /** The column that identifies an order. */
  readonly key: string;
  readonly columns: readonly Column[];
  /** The columns that the form of a new order asks for. */
  readonly writable: readonly Column[];
  /** The declared statuses, in their order. */
  readonly statuses: readonly string[];
  readonly #byName: ReadonlyMap<string, Column>;
  readonly #roles: ReadonlyMap<Role, Column>;

  /** The schema of a database that has no table of orders. */
  static withoutOrders(version: string): OrderSchema {
    return new OrderSchema(version, { name: "", key: [], columns: [] });
  }

  constructor(version: string, { name, key, columns, display }: TableSchema) {
    this.version = version;
    this.hasOrders = name !== "";
    this.key = key[0] ?? "id";
    this.columns = columns;
    this.writable = columns.filter(
      (column) => column.writable && (!SYSTEM.includes(column.name) || isRequired(column)),
    );
    this.#byName = new Map(columns.map((column) => [column.name, column]));
    const roles = Object.entries(display ?? ROLES) as [Role, string | null | undefined][];
    this.#roles = new Map(
      roles.flatMap(([role, name]) => {
        const column = name == null ? undefined : this.#byName.get(name);
        return column ? [[role, column] as const] : [];
      }),
    );
    this.statuses = this.role("status")?.choices ?? [];
  }

  column(name: string): Column | undefined {
    return this.#byName.get(name);
  }

  role(role: Role): Column | undefined {
    return this.#roles.get(role);
  }

  roleOf(name: string): Role | undefined {
    for (const [role, column] of this.#roles) if (column.name === name) return role;
    return undefined;
  }

  value(role: Role, row: Row | null | undefined): unknown {
    const column = this.#roles.get(role);
    return column && row?.[column.name];
  }

  /** "" for an order without a status. */
  statusOf(row: Row | null | undefined): string {
    const status = this.value("status", row) ?? "";
    return typeof status === "string" ? status : toJson(status);
  }

  /** Where an order can go from a status; any other status where the schema does not say. */
  nextStatuses(status: string): readonly string[] {
    const { next } = this.role("status") ?? {};
    return next ? (next[status] ?? []) : this.statuses.filter((other) => other !== status);
  }

  /** The usual next status; null at the end of the way, and where the way would lead back. */
  stepOn(status: string): string | null {
    const next = this.role("status")?.next?.[status]?.[0];
    if (next === undefined) return null;
    return this.statuses.indexOf(next) > this.statuses.indexOf(status) ? next : null;
  }

  /** A column in words: `due_at` is "Due at", and the customer's `customer_name` "Customer". */
  label(name: string): string {
    if (name === "id" || name === this.key) return "Order";
    const words = name.replaceAll("_", " ").trim();
    const short = this.roleOf(name) ? words.replace(/ name$/, "") : words;
    return short.charAt(0).toUpperCase() + short.slice(1);
  }
}
