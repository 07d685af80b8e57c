import { formatAge, formatZoned } from "@/lib/format";

/** Shows how long ago a time was; hovering shows the time itself. */
export function Age({ time, now }: { time: string; now: number }) {
  return (
    <time dateTime={time} title={formatZoned(time)}>
      {formatAge(time, now)}
    </time>
  );
}
