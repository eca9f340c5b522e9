/**
 * Serves a file of exported sets, so that names outlive all of their gateways: the same paths as a gateway's, for reading. It knows no
 * chain; whoever reads checks the owner's signature, as with any gateway.
 */
import type { Hex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { answersOfSetFile, type SetFile } from "../protocol/setFile.ts";
import { createHttpHandler } from "./http/handler.ts";
import { ProblemError } from "./http/message.ts";
import { type HttpServer, startHttpServer } from "./http/server.ts";
import { setRoutes } from "./http/setRoutes.ts";
import type { Replication } from "./sets/replication.ts";
import { SetStore } from "./sets/setStore.ts";
import type { Sets } from "./sets/sets.ts";

export declare namespace serveSetFile {
  interface Options {
    readonly file: SetFile;
    readonly host: string;
    /** 0 for any that is free. */
    readonly port: number;
    /** This server's URL as clients name it in a batch (ENSIP-21); by default where it listens. */
    readonly origin?: string;
    readonly clock: Clock;
    readonly log: Log;
  }
  interface ReturnType {
    readonly httpUrl: string;
    close(): Promise<void>;
  }
}

const ALONE: Replication = {
  relay: async () => 0,
  relayPiece: async () => {},
  repair: async () => {},
  start() {},
  stop() {},
};

function readOnly(): never {
  throw new ProblemError(403, "read-only", "This server shows what a file holds, and takes nothing.");
}

/** Starts the server. Throws `HttpPortError`, and the errors of sets that are not whole. */
export async function serveSetFile(options: serveSetFile.Options): Promise<serveSetFile.ReturnType> {
  const { file, host, port, clock, log } = options;
  const answerOf = answersOfSetFile(file);
  const store = new SetStore(":memory:");
  for (const { name, text, pieces } of file.sets) {
    for (const [root, bytes] of pieces) await store.putPiece(name, root, bytes);
    const { sequence } = JSON.parse(text) as { sequence: string };
    await store.put({ name, sequence: BigInt(sequence), text }, [...pieces.keys()]);
  }
  const sets: Pick<Sets, "accept" | "acceptPiece" | "answer"> = {
    accept: async () => readOnly(),
    acceptPiece: async () => readOnly(),
    answer: (question): Hex | { status: number; message: string } =>
      answerOf(question) ?? { status: 503, message: `the file has no set that covers ${question.name}` },
  };
  let server: HttpServer | undefined;
  const origin = () => options.origin ?? urlOf(host, server?.port ?? port);
  const handler = createHttpHandler(setRoutes({ sets, store, replication: ALONE, origin }), log);
  server = await startHttpServer({ handler, clock, host, port });
  const { close } = server;
  return {
    httpUrl: urlOf(host, server.port),
    async close() {
      await close();
      store.close();
    },
  };
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
