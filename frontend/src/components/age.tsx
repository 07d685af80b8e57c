import { formatAge, formatExact } from "@/lib/format";

/** The time since a moment; its title has the moment itself. */
export function Age({ time, now }: { time: string; now: number }) {
  return (
    <time dateTime={time} title={formatExact(time)}>
      {formatAge(time, now)}
    </time>
  );
}
