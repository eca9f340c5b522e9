/** An off-chain name with three gateways on loopback, as stock clients meet it, and every way for a gateway to be bad. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  decodeAbiParameters,
  decodeFunctionData,
  encodeAbiParameters,
  encodeFunctionResult,
  type Hex,
  hexToBytes,
  keccak256,
  parseAbi,
} from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";
import { fromHex, toHex, utf8Bytes } from "../../../src/base/bytes.ts";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { keccak256 as hash } from "../../../src/base/keccak.ts";
import { deployContracts } from "../../../src/chain/deploy.ts";
import type { Deployment } from "../../../src/chain/deployment.ts";
import type { VerifyCcipResponse } from "../../../src/client/dropins/ccipRead.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { recoverAddressFast } from "../../../src/proof/recoverAddressFast.ts";
import { connectTo, startEdr, type TestNode } from "../../contracts/support/node.ts";
import { deployMock, registerAll, registryCall, send } from "../../contracts/support/world.ts";
import { type HttpFault, respond } from "./faultyHttp.ts";

export type CcipFault = "good" | HttpFault | "wrongSignature" | "expired" | "lies";

const questionAbi = parseAbi(["function resolve(bytes name, bytes data) view returns (bytes)"]);
const addrAbi = parseAbi(["function addr(bytes32 node) view returns (address)"]);

/** What `offchain.hold` holds. */
export const VALUE: Hex = "0x00000000000000000000000000000000000a11ce";
const LIE: Hex = "0x000000000000000000000000000000000000dead";
const keyOf = (text: string): Hex => toHex(hash(utf8Bytes(text)));
const SIGNER = keyOf("signer");

export interface CcipWorld {
  readonly node: TestNode;
  readonly deployment: Deployment;
  readonly faults: CcipFault[];
  readonly hits: number[];
  /** Checks what the resolver's callback would check, without a call. */
  readonly verify: VerifyCcipResponse;
  stop(): Promise<void>;
}

interface Gateway {
  readonly server: Server;
  readonly url: string;
}

function digestOf(resolver: Hex, question: Hex, result: Hex, expires: bigint): Hex {
  const expiry = expires.toString(16).padStart(16, "0");
  return keccak256(
    `0x1900${resolver.slice(2).toLowerCase()}${expiry}${keccak256(question).slice(2)}${keccak256(result).slice(2)}`,
  );
}

async function responseTo(sender: Hex, question: Hex, fault: CcipFault, nowSeconds: number): Promise<Hex> {
  const { args } = decodeFunctionData({ abi: questionAbi, data: question });
  const value = fault === "lies" ? LIE : VALUE;
  const isAddr = args[1].startsWith("0x3b3b57de");
  const result = isAddr ? encodeFunctionResult({ abi: addrAbi, functionName: "addr", result: value }) : "0x";
  const expires = BigInt(nowSeconds + (fault === "expired" ? -1_000 : 1_000_000));
  // A liar signs as well as it can: with a key that is not the name's.
  const key = fault === "wrongSignature" || fault === "lies" ? keyOf("another") : SIGNER;
  const signature = await sign({ hash: digestOf(sender, question, result, expires), privateKey: key, to: "hex" });
  return encodeAbiParameters([{ type: "bytes" }, { type: "uint64" }, { type: "bytes" }], [result, expires, signature]);
}

/** `latencyMs` is added to each exchange with a gateway. */
export async function createCcipWorld(
  latencyMs: number,
  gatewayCount = 3,
  clock: Clock = systemClock,
): Promise<CcipWorld> {
  const faults: CcipFault[] = Array.from({ length: gatewayCount }, () => "good");
  const hits: number[] = faults.map(() => 0);
  const gateways: Gateway[] = [];
  let chainSeconds = 0;
  for (const index of faults.keys()) {
    const server = createServer((request, response) => {
      hits[index] = (hits[index] ?? 0) + 1;
      const fault = faults[index] ?? "good";
      const answer = async (body: string) => {
        const { sender, data } = JSON.parse(body);
        return JSON.stringify({ data: await responseTo(sender, data, fault, chainSeconds) });
      };
      respond({ clock, latencyMs, fault, answer }, request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    gateways.push({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ccip` });
  }
  const node = await startEdr();
  const owner = await connectTo(node, 1);
  const deployment = await deployContracts({ chain: node.url, pollMs: 20, confirmations: 1 });
  await registerAll(node, deployment, owner, [{ label: "offchain", owner: owner.account.address }]);
  const signer = privateKeyToAccount(SIGNER).address;
  const resolver = await deployMock(owner, "MockSignedResolver", [signer, gateways.map(({ url }) => url)]);
  await send(owner, deployment.contracts.registry, registryCall("setResolver", namehash("offchain.hold"), resolver));
  chainSeconds = Number((await owner.getBlock()).timestamp);
  return {
    node,
    deployment,
    faults,
    hits,
    verify({ sender, data }, response) {
      const bytes = hexToBytes(response);
      const { result, expires, signature } = decodeResponse(bytes);
      if (expires < BigInt(chainSeconds)) return false;
      const digest = fromHex(digestOf(sender as Hex, data as Hex, result, expires));
      return recoverAddressFast(digest, fromHex(signature)) === signer.toLowerCase();
    },
    async stop() {
      for (const { server } of gateways) {
        server.closeAllConnections();
        server.close();
      }
      await node.stop();
    },
  };
}

function decodeResponse(bytes: Uint8Array): { result: Hex; expires: bigint; signature: Hex } {
  const [result, expires, signature] = decodeAbiParameters(
    [{ type: "bytes" }, { type: "uint64" }, { type: "bytes" }],
    bytes,
  );
  return { result, expires, signature };
}
