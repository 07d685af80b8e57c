/** The API's answers about settings. */
import { Role, Rows } from "@/lib/protocol";
import { count, flag, list, nullable, object, type Read, record, text } from "@/lib/shape";

export const User = object({
  name: text,
  role: Role,
  rows: Rows,
  disabled: flag,
  has_password: flag,
  link_ends: nullable(text),
  sessions: count,
  used: nullable(text),
  version: text,
});
export const UserList = object({ users: list(User) });
export const Link = object({ link: text, ends: text });
export const MadeUser = object({ user: User, link: nullable(Link) });
export const EveryonesSessions = object({
  sessions: list(
    object({
      id: text,
      subject: text,
      role: Role,
      started: text,
      used: text,
      address: text,
      browser: text,
      current: flag,
    }),
  ),
});
export const TokenList = object({
  tokens: list(
    object({
      id: text,
      subject: text,
      role: Role,
      rows: Rows,
      started: text,
      ends: text,
      made_by: text,
    }),
  ),
});
export const MadeToken = object({ id: text, token: text });
const Bounds = object({ warn_seconds: count, late_seconds: count });
const ChoiceColumn = object({
  table: text,
  column: text,
  choices: list(text),
  next: nullable(record(list(text))),
  waiting: record(Bounds),
  version: text,
});
export const ChoiceColumns = object({ columns: list(ChoiceColumn) });
export const Outcome = object({ done: flag, statement: nullable(text) });
export const DatabaseTables = object({
  tables: list(object({ name: text, watched: flag, main: flag, reason: nullable(text) })),
});
export const Deployment = object({
  settings: list(object({ group: text, name: text, value: text })),
  log: object({ events: count, oldest: nullable(text) }),
});

export type User = Read<typeof User>;
export type Link = Read<typeof Link>;
export type AnyonesSession = Read<typeof EveryonesSessions>["sessions"][number];
export type ProgramToken = Read<typeof TokenList>["tokens"][number];
export type Bounds = Read<typeof Bounds>;
export type ChoiceColumn = Read<typeof ChoiceColumn>;
export type Outcome = Read<typeof Outcome>;
export type DatabaseTable = Read<typeof DatabaseTables>["tables"][number];
export type Deployment = Read<typeof Deployment>;
