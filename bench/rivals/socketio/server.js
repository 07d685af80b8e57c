// Sends every posted message to every socket.

import http from "node:http";
import { text } from "node:stream/consumers";
import { Server } from "socket.io";

const server = http.createServer(async (request, response) => {
  sockets.emit("orders", JSON.parse(await text(request)));
  response.end();
});
const sockets = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
  pingInterval: 600_000,
});

server.keepAliveTimeout = 600_000;
// The default backlog of 511 is short for a thousand clients at once.
server.listen({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 4096 });
process.on("SIGTERM", () => process.exit(0));
