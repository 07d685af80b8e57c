/** The schema of the table of orders: its columns, and which of them have a role in the page. */
import { type Column, ORDERS, type Row, type Schema, type Table, toJson } from "real-time-orders";
import { words } from "@/words";
import { capital } from "./format";

/** The columns that the page shows as an order's status, customer, title and quantity. */
const ROLES = {
  status: "status",
  customer: "customer_name",
  title: "product_name",
  quantity: "quantity",
} as const;
export type Role = keyof typeof ROLES;

export const isRequired = ({ nullable, default: given }: Column): boolean => !nullable && !given;

/** Columns that the system itself maintains. */
const SYSTEM = ["id", "version", "created_at", "updated_at"] as const;
const isSystemName = (name: string): name is (typeof SYSTEM)[number] =>
  (SYSTEM as readonly string[]).includes(name);
export const isSystem = ({ name }: Column): boolean => isSystemName(name);

/** Columns that change with every write, which only programs need. */
export const MAINTAINED: readonly string[] = ["version", "updated_at"];

/** Whether the column is a number of pieces. A bigint is more often the key of another table. */
export const isCount = ({ kind, type }: Column): boolean => kind === "integer" && type !== "bigint";

export class OrderSchema {
  /** The schema before it is loaded. */
  static readonly EMPTY = OrderSchema.withoutOrders("");

  readonly version: string;
  readonly table: Table;
  /** Whether the database has a table of orders. */
  readonly hasOrders: boolean;
  /** The column that identifies an order. */
  readonly key: string;
  readonly columns: readonly Column[];
  /** The columns in the form of a new order. */
  readonly writable: readonly Column[];
  /** The declared statuses in their order. */
  readonly statuses: readonly string[];
  /** Every watched table. */
  readonly tables: readonly Table[];
  readonly #others = new Map<string, OrderSchema>();
  readonly #byName: ReadonlyMap<string, Column>;
  readonly #roles: ReadonlyMap<Role, Column>;

  static of(schema: Schema | null): OrderSchema {
    if (schema === null) return OrderSchema.EMPTY;
    const orders = schema.tables.find(({ name }) => name === ORDERS);
    return orders
      ? new OrderSchema(schema.version, orders, schema.tables)
      : OrderSchema.withoutOrders(schema.version, schema.tables);
  }

  /** The schema of a database that has no table of orders. */
  static withoutOrders(version: string, tables: readonly Table[] = []): OrderSchema {
    return new OrderSchema(version, { name: "", key: [], parent: null, columns: [] }, tables);
  }

  constructor(version: string, table: Table, tables: readonly Table[] = []) {
    const { name, key, columns, display } = table;
    this.version = version;
    this.table = table;
    this.tables = tables;
    this.hasOrders = name !== "";
    this.key = key[0] ?? "id";
    this.columns = columns;
    this.writable = columns.filter(
      (column) => column.writable && (!isSystem(column) || isRequired(column)),
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

  /** Returns the schema of a watched table; undefined if there is none of that name. */
  of(name: string): OrderSchema | undefined {
    if (name === this.table.name) return this;
    const table = this.tables.find((each) => each.name === name);
    const known = this.#others.get(name);
    if (known || !table) return known;
    const other = new OrderSchema(this.version, table, this.tables);
    this.#others.set(name, other);
    return other;
  }

  /** The tables whose rows belong to rows of this table. */
  get children(): readonly OrderSchema[] {
    const own = this.tables.filter(({ parent }) => parent?.table === this.table.name);
    return own.flatMap(({ name }) => this.of(name) ?? []);
  }

  /** The table's name in words: `order_lines` is "Order lines". */
  get title(): string {
    return capital(this.table.name.replaceAll("_", " ").trim());
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

  /** Returns the status of an order; "" if it has none. */
  statusOf(row: Row | null | undefined): string {
    const status = this.value("status", row) ?? "";
    return typeof status === "string" ? status : toJson(status);
  }

  /** The column with an order's date: since when it has its status, otherwise its last change. */
  get date(): Column | undefined {
    return this.column(this.role("status")?.since ?? "updated_at");
  }

  /** Whether some status has a threshold. */
  get hasThresholds(): boolean {
    return this.columns.some(({ waiting }) => waiting);
  }

  /** Whether the database maintains the column as the date of another column's last change. */
  isKept(name: string): boolean {
    return this.columns.some(({ since }) => since === name);
  }

  /** Returns the statuses that may follow a status. If the schema does not say, all others may. */
  nextStatuses(status: string): readonly string[] {
    const { next } = this.role("status") ?? {};
    return next ? (next[status] ?? []) : this.statuses.filter((other) => other !== status);
  }

  /**
   * Returns the usual next status; null after the last one, and if the next one stands earlier in the
   * declared order.
   */
  stepOn(status: string): string | null {
    const next = this.role("status")?.next?.[status]?.[0];
    if (next === undefined) return null;
    return this.statuses.indexOf(next) > this.statuses.indexOf(status) ? next : null;
  }

  /**
   * Returns a column's name in words: `due_at` is "Due at". A column with a role loses the suffix:
   * `customer_name` is "Customer".
   */
  label(name: string): string {
    if (this.table.name === ORDERS && (name === "id" || name === this.key))
      return words.columns.order;
    if (isSystemName(name)) return words.systemColumns[name];
    const text = name.replaceAll("_", " ").trim();
    return capital(this.roleOf(name) ? text.replace(/ name$/, "") : text);
  }
}
