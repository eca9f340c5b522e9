/** A fleet of eight gateways in the directory of an in-process chain, and a name for them to serve. */
import { writeFileSync } from "node:fs";
import { encodeFunctionData, type Hex, keccak256, stringToBytes } from "viem";
import { formatDeployment } from "../../../src/chain/deployment.ts";
import { createSigner } from "../../../src/gateway/signer.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import type { Chain } from "./chain.ts";

export const keyOf = (id: number): Hex => keccak256(stringToBytes(`gateway ${id}`));
export const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";

/** Eight gateways, two to a zone; odd slots are the even-numbered gateway's. */
export async function listGateways(
  chain: Chain,
  httpUrlOf = (id: number) => `http://g${id}.example.org`,
  operatorOf: (id: number) => Hex = () => chain.governor.account.address,
): Promise<void> {
  const { directory } = chain;
  for (let id = 1; id <= 8; id += 1) {
    const zone = Math.floor((id - 1) / 2);
    const { address: signer } = createSigner(keyOf(id));
    const operator = operatorOf(id);
    const endpoints = { httpUrl: httpUrlOf(id), dnsEndpoint: `192.0.2.${id}:53` };
    await directory.write.registerGateway([{ operator, signer, zone, ...endpoints }]);
  }
  for (let zone = 0; zone < 4; zone += 1) {
    let word = 0n;
    for (let lane = 0n; lane < 16n; lane += 1n) word |= (BigInt(2 * zone + 1) + (lane % 2n)) << (16n * lane);
    await directory.write.seedZone([zone, Array(32).fill(word) as never]);
  }
}

/** A resource record of `owner` in wire form; `type` as a number, `rdata` in hexadecimal. */
export function recordWire(owner: string, type: number, rdata: string): Hex {
  const name = owner
    .split(".")
    .map((label) => `${label.length.toString(16).padStart(2, "0")}${Buffer.from(label).toString("hex")}`)
    .join("");
  const length = (rdata.length / 2).toString(16).padStart(4, "0");
  return `0x${name}00${type.toString(16).padStart(4, "0")}00010000012c${length}${rdata}`;
}

/** Registers shop.hold: an address, a text, the A record of www.shop.hold and whatever else. */
export async function registerShop(chain: Chain, ...more: readonly Hex[]): Promise<void> {
  const { registry, register, alice } = chain;
  const node = namehash("shop.hold");
  const call = (functionName: "setAddr" | "setDNSRecords" | "setText", args: readonly unknown[]) =>
    encodeFunctionData({ abi: registry.abi, functionName, args } as never);
  const data = [
    call("setAddr", [node, ADDRESS]),
    ...[recordWire("www.shop.hold", 1, "c0000207"), ...more].map((rr) => call("setDNSRecords", [node, rr])),
    call("setText", [node, "url", "x"]),
  ];
  await register({ label: "shop", owner: alice.account.address, data });
}

/** Writes the deployments file of a chain. */
export function writeDeployment(chain: Chain, file: string): void {
  const address = chain.registry.address as Hex;
  const contracts = {
    registry: address,
    controller: address,
    priceFeed: address,
    directory: chain.directory.address as Hex,
    reverseRegistrar: chain.reverse.address as Hex,
    universalResolver: address,
    offchainResolver: address,
    accessManager: address,
  };
  const same = Object.fromEntries(Object.keys(contracts).map((name) => [name, chain.codeHash]));
  const codeHashes = { ...same, reverseRegistrar: chain.reverseCodeHash } as never;
  writeFileSync(file, formatDeployment({ chainId: 31337, tld: "hold", startBlock: 0n, contracts, codeHashes }));
}
