/** A stub on 127.0.0.1 port 53 and a web server on port 80 of whatever network this process is in. Says `ready` when both listen. */
import { once } from "node:events";
import { createServer } from "node:http";
import { systemClock } from "../../../src/base/clock.ts";
import { listenStub } from "../../../src/client/stub/listen.ts";
import { respond } from "../../../src/client/stub/reply.ts";
import { createStub } from "../../../src/client/stub/stub.ts";
import { createStubMetrics } from "../../../src/client/stub/stubMetrics.ts";
import { aRecords } from "./chainWorld.ts";
import { addName, createLiveWorld } from "./gatewayWorld.ts";

const world = createLiveWorld();
addName(world, "shop.hold", 5);
world.records.set("www.shop.hold", new Map([["dns:1:www.shop.hold", aRecords("www.shop.hold", "127.0.0.1")]]));
const stub = createStub({
  client: world.client(),
  clock: systemClock,
  forward: async (query) => ({ message: respond(query, { rcode: 3 }), source: "none" }),
  metrics: createStubMetrics(),
});
await listenStub({ host: "127.0.0.1", port: 53 }, stub);
const web = createServer((request, response) => response.end(`hello from ${request.headers.host}\n`));
web.listen(80, "127.0.0.1");
await once(web, "listening");
process.stdout.write("ready\n");
