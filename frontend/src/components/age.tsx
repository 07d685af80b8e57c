import { formatAge, formatZoned } from "@/lib/format";

/** The time since a moment; its title has the moment itself. */
export function Age({ time, now }: { time: string; now: number }) {
  return (
    <time dateTime={time} title={formatZoned(time)}>
      {formatAge(time, now)}
    </time>
  );
}
