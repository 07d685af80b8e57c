/** Requests about choices and their rules, watched tables, and the deployment. */
import { withJson } from "real-time-orders";
import { request, send } from "@/lib/http";
import {
  type Bounds,
  type ChoiceColumn,
  ChoiceColumns,
  type DatabaseTable,
  DatabaseTables,
  Deployment,
  Outcome,
} from "./shapes";

export interface Rules {
  readonly next: Readonly<Record<string, readonly string[]>> | null;
  readonly waiting: Readonly<Record<string, Bounds>>;
}

const pathOf = ({ table, column }: ChoiceColumn) =>
  `/api/settings/choices/${encodeURIComponent(table)}/${encodeURIComponent(column)}`;

export const listChoices = (signal: AbortSignal): Promise<readonly ChoiceColumn[]> =>
  request(ChoiceColumns, "/api/settings/choices", { signal });

/** Saves the rules of a column. Refused (412) if they have changed since `version`. */
export async function saveRules(of: ChoiceColumn, rules: Rules, version: string): Promise<void> {
  const headers = { "If-Match": `"${version}"` };
  await send(pathOf(of), withJson("PUT", JSON.stringify(rules), headers));
}

export const addChoice = (of: ChoiceColumn, choice: string): Promise<Outcome> =>
  request(Outcome, pathOf(of), withJson("POST", JSON.stringify({ choice })));

/** Removes a choice. Refused (409) while a row has it. */
export const removeChoice = (of: ChoiceColumn, choice: string): Promise<Outcome> =>
  request(Outcome, `${pathOf(of)}/${encodeURIComponent(choice)}`, { method: "DELETE" });

export const listTables = (signal: AbortSignal): Promise<readonly DatabaseTable[]> =>
  request(DatabaseTables, "/api/settings/tables", { signal });

export const watchTable = (name: string, watched: boolean): Promise<Outcome> =>
  request(
    Outcome,
    `/api/settings/tables/${encodeURIComponent(name)}`,
    withJson("PUT", JSON.stringify({ watched })),
  );

export const getDeployment = (signal: AbortSignal): Promise<Deployment> =>
  request(Deployment, "/api/settings/deployment", { signal });
