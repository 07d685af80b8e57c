import type { Announcer } from "@/lib/announcer";
import { useObservable } from "@/lib/use-observable";

export function Announcements({ announcer }: { announcer: Announcer }) {
  const words = useObservable(announcer.state);
  return (
    <div role="status" aria-live="polite" className="visually-hidden">
      {words}
    </div>
  );
}
