/** Connects the activity with the page's address and the user's stored choices. */
import { useCallback, useEffect, useMemo, useState } from "react";
import { type ActivityFilter, fromText, toText } from "@/features/activity/model/activity-filter";
import { Visits } from "@/features/activity/model/visits";
import type { Preferences } from "@/lib/preferences";
import type { Router } from "@/lib/route";
import { flag } from "@/lib/shape";
import { useObservable } from "@/lib/use-observable";
import type { Session } from "./session";

export function useActivity(session: Session, router: Router, preferences: Preferences) {
  const { query } = useObservable(router.state);
  const [technical] = useState(() => preferences.of("technical", flag));
  const text = new URLSearchParams(query).get("activity");
  const filter = useMemo(() => fromText(text), [text]);
  useEffect(() => session.keepVisits(preferences.of("visits", Visits)), [session, preferences]);
  useEffect(() => session.activity.show(filter), [session, filter]);
  const onFilter = useCallback(
    (wanted: ActivityFilter) => router.setPart("activity", toText(wanted)),
    [router],
  );
  return { technical, onFilter };
}
