// The server of the baseline, one process: LISTEN, and send each row to each client.

import http from "node:http";
import pg from "pg";
import { WebSocket, WebSocketServer } from "ws";

const database = new pg.Client(); // PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE
await database.connect();

const server = http.createServer((_, response) => response.end("ok\n"));
const sockets = new WebSocketServer({ server, path: "/ws", perMessageDeflate: false });

database.on("notification", ({ payload }) => {
  for (const client of sockets.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(payload);
  }
});
await database.query("LISTEN orders_baseline");

// The default backlog of 511 is short for a thousand clients at once.
server.listen({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 4096 });
process.on("SIGTERM", () => process.exit(0));
