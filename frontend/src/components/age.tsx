import { formatAge, formatExact } from "@/lib/format";

/** How long ago, with the exact time on hover. */
export function Age({ time, now }: { time: string; now: number }) {
  return (
    <time dateTime={time} title={formatExact(time)}>
      {formatAge(time, now)}
    </time>
  );
}
