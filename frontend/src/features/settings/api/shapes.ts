/** Shapes of the API's answers about settings. */
import { Role, Rows } from "@/lib/protocol";
import { count, flag, list, member, nullable, object, type Read, record, text } from "@/lib/shape";

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
export const UserList = member("users", list(User));
export const Link = object({ link: text, ends: text });
export const MadeUser = object({ user: User, link: nullable(Link) });
const AnyonesSession = object({
  id: text,
  subject: text,
  role: Role,
  started: text,
  used: text,
  address: text,
  browser: text,
  current: flag,
});
export const EveryonesSessions = member("sessions", list(AnyonesSession));
const ProgramToken = object({
  id: text,
  subject: text,
  role: Role,
  rows: Rows,
  started: text,
  ends: text,
  made_by: text,
});
export const TokenList = member("tokens", list(ProgramToken));
export const MadeToken = member("token", text);
const Bounds = object({ warn_seconds: count, late_seconds: count });
const ChoiceColumn = object({
  table: text,
  column: text,
  choices: list(text),
  next: nullable(record(list(text))),
  waiting: record(Bounds),
  version: text,
});
export const ChoiceColumns = member("columns", list(ChoiceColumn));
export const Outcome = object({ done: flag, statement: nullable(text) });
const DatabaseTable = object({ name: text, watched: flag, main: flag, reason: nullable(text) });
export const DatabaseTables = member("tables", list(DatabaseTable));
export const Deployment = object({
  settings: list(object({ group: text, name: text, value: text })),
  log: object({ events: count, oldest: nullable(text) }),
});

export type User = Read<typeof User>;
export type Link = Read<typeof Link>;
export type AnyonesSession = Read<typeof AnyonesSession>;
export type ProgramToken = Read<typeof ProgramToken>;
export type Bounds = Read<typeof Bounds>;
export type ChoiceColumn = Read<typeof ChoiceColumn>;
export type Outcome = Read<typeof Outcome>;
export type DatabaseTable = Read<typeof DatabaseTable>;
export type Deployment = Read<typeof Deployment>;
