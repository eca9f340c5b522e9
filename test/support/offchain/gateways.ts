/** Small gateways of a signed name over real HTTP, honest or not. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { privateKeyToAccount } from "viem/accounts";
import type { Hex } from "../../../src/base/bytes.ts";
import {
  answerRequest,
  CCIP_PATH,
  encodeSignedAnswer,
  leavesOf,
  type RecordQuestion,
  type RequestRefusal,
} from "../../../src/protocol/offchainMessages.ts";
import {
  type RecordSet,
  type RecordSetDomain,
  recordSetTypedData,
  type SignedRecordSet,
} from "../../../src/protocol/offchainSet.ts";
import { buildRecordTree, type RecordEntry, type RecordTree } from "../../../src/protocol/offchainTree.ts";

export type Conduct =
  | "honest"
  | "down"
  | "error"
  | "junk"
  | "empty"
  /** Another value under the honest signature. */
  | "lying"
  /** A set signed by somebody else. */
  | "forging"
  /** An older set that is still within its time. */
  | "replaying"
  /** A set whose time is over. */
  | "expired"
  /** The set of another name. */
  | "elsewhere"
  /** Claims that the record does not exist. */
  | "withholding";

export interface HeldSet {
  readonly set: SignedRecordSet;
  readonly tree: RecordTree;
}

/** Signs a set of records. */
export async function signSet(
  key: Hex,
  domain: RecordSetDomain,
  head: Omit<RecordSet, "root">,
  entries: readonly RecordEntry[],
): Promise<HeldSet> {
  const tree = buildRecordTree(entries);
  const account = privateKeyToAccount(key);
  const set: RecordSet = { ...head, root: tree.root };
  const signature = await account.signTypedData(recordSetTypedData(domain, set));
  return { set: { ...set, signer: account.address, signature }, tree };
}

/** What the gateways have to show, by conduct. */
export interface Holdings {
  readonly honest: HeldSet;
  readonly forging: HeldSet;
  readonly replaying: HeldSet;
  readonly expired: HeldSet;
  readonly elsewhere: HeldSet;
}

export interface TestGateway {
  readonly url: string;
  conduct: Conduct;
  /** Requests since the last reset. */
  hitCount: number;
  close(): Promise<void>;
}

function answerOf(conduct: Conduct, holdings: Holdings, question: RecordQuestion): Hex | RequestRefusal {
  switch (conduct) {
    case "junk":
      return "0x1234";
    case "lying": {
      const { set, tree } = holdings.honest;
      const leaves = leavesOf(question, tree).map((all) => all.map((leaf) => ({ ...leaf, value: "0xbad0" as Hex })));
      return encodeSignedAnswer(set, leaves);
    }
    case "withholding": {
      const { set, tree } = holdings.honest;
      const other = tree.prove(`0x${"11".repeat(32)}`)!;
      return encodeSignedAnswer(
        set,
        question.calls.map(() => [other, other]),
      );
    }
    case "forging":
    case "replaying":
    case "expired":
    case "elsewhere": {
      const { set, tree } = holdings[conduct];
      return encodeSignedAnswer(set, leavesOf(question, tree));
    }
    default:
      return encodeSignedAnswer(holdings.honest.set, leavesOf(question, holdings.honest.tree));
  }
}

/** A gateway on a free port. */
export async function startTestGateway(holdings: () => Holdings): Promise<TestGateway> {
  const server: Server = createServer((request, response) => {
    gateway.hitCount += 1;
    const { conduct } = gateway;
    if (conduct === "down") return void request.socket.destroy();
    if (conduct === "error") return void response.writeHead(500).end();
    if (conduct === "empty") return void response.writeHead(200, { "content-type": "application/json" }).end("{}");
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const { data } = JSON.parse(Buffer.concat(chunks).toString()) as { data: Hex };
      const result = await answerRequest(data, gateway.url, async (question) =>
        answerOf(conduct, holdings(), question),
      );
      const status = typeof result === "string" ? 200 : result.status;
      const body = typeof result === "string" ? { data: result } : { message: result.message };
      response.writeHead(request.url === CCIP_PATH ? status : 404, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const gateway: TestGateway = {
    url: `http://127.0.0.1:${port}`,
    conduct: "honest",
    hitCount: 0,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return gateway;
}
