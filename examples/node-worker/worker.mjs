// Counts the changes of each table, each exactly once: place and work are one transaction.
// Stop it, change orders, start it again: it goes on where it was.
import { DatabaseSync } from "node:sqlite";
import { connect } from "real-time-orders";

const [url = "http://localhost:3000", file = "changes.db"] = process.argv.slice(2);
const work = new DatabaseSync(file);
work.exec(`
  CREATE TABLE IF NOT EXISTS changes ("table" TEXT, operation TEXT, number INTEGER,
    PRIMARY KEY ("table", operation));
  CREATE TABLE IF NOT EXISTS place (stream TEXT, position INTEGER);
`);
const count = work.prepare(
  "INSERT INTO changes VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1",
);
const forget = work.prepare("DELETE FROM place");
const keep = work.prepare("INSERT INTO place VALUES (?, ?)");
const { stream, position } = work.prepare("SELECT stream, position FROM place").get() ?? {};

console.log(`following after ${position ?? "now"}`);
for await (const event of connect({ url }).events({ after: position, stream })) {
  work.exec("BEGIN");
  count.run(event.table, event.operation);
  forget.run();
  keep.run(event.stream, event.position);
  work.exec("COMMIT");
  console.log(`${event.position}: ${event.operation} ${event.table}`);
}
