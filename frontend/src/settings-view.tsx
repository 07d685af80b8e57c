/** The settings page: one chunk, loaded when it is opened. */
import { useCallback } from "react";
import type { SchemaFeed } from "real-time-orders";
import { SettingsPage } from "@/features/settings/components/settings-page";
import { TablesContext } from "@/features/settings/components/tables-context";
import type { Me } from "@/lib/protocol";
import type { HistoryStep, Router } from "@/lib/route";
import { useObservable } from "@/lib/use-observable";

interface SettingsViewProps {
  me: Me | null;
  path: string;
  router: Router;
  schema: Pick<SchemaFeed, "state">;
}

export function SettingsView({ me, path, router, schema }: SettingsViewProps) {
  const go = useCallback((to: string, step?: HistoryStep) => router.go(to, step), [router]);
  return (
    <TablesContext value={useObservable(schema.state)}>
      <SettingsPage me={me} path={path} onGo={go} />
    </TablesContext>
  );
}
