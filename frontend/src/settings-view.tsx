/** The settings page: one chunk, loaded when it is opened. */
import type { SchemaFeed } from "real-time-orders";
import { SettingsPage } from "@/features/settings/components/settings-page";
import { TablesContext } from "@/features/settings/components/tables-context";
import type { Me } from "@/lib/protocol";
import type { Router } from "@/lib/route";
import { useObservable } from "@/lib/use-observable";

interface SettingsViewProps {
  me: Me | null;
  path: string;
  router: Router;
  schema: Pick<SchemaFeed, "state">;
}

export function SettingsView({ me, path, router, schema }: SettingsViewProps) {
  return (
    <TablesContext value={useObservable(schema.state)}>
      <SettingsPage me={me} path={path} onGo={(to) => router.go(to)} />
    </TablesContext>
  );
}
