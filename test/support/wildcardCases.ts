/** A name with wildcards and registered subnames, and what is at which name: the same by DNS and by proof. */
import { encodeFunctionData } from "viem";
import { TYPE } from "../../src/dns/codes.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { encodeRRset } from "../../src/protocol/rrset.ts";
import type { Holdfast } from "../contracts/support/holdfast.ts";

const addressSet = (owner: string, mark: number) =>
  encodeRRset({ name: owner, type: TYPE.A, ttlSeconds: 300, rdatas: [Uint8Array.of(192, 0, 2, mark)] });

/** RRsets by the name that they are kept under. */
const KEPT: readonly (readonly [holder: string, owner: string, mark: number])[] = [
  ["wild.hold", "*.wild.hold", 1],
  ["wild.hold", "*.deep.wild.hold", 2],
  ["us.wild.hold", "www.us.wild.hold", 3],
  ["own.wild.hold", "*.own.wild.hold", 4],
];
const SUBNAMES = ["eu", "us", "own", "far"] as const;

/** Registers `wild.hold`, its subnames and their RRsets. */
export async function registerWildcards({ register, registry, alice }: Holdfast): Promise<void> {
  const as = { account: alice.account };
  await register({ label: "wild", owner: alice.account.address, data: [] });
  for (const label of SUBNAMES) {
    await registry.write.createSubname([namehash("wild.hold"), label, alice.account.address], as);
  }
  // Both kinds of counted records, so that the counts have a slot of their own, which proofs must reach.
  await registry.write.setText([namehash("wild.hold"), "com.github", "wild"], as);
  await registry.write.createSubname([namehash("far.wild.hold"), "off", alice.account.address], as);
  for (const [holder, owner, mark] of KEPT) {
    const args = [namehash(holder), addressSet(owner, mark)] as const;
    const data = encodeFunctionData({ abi: registry.abi, functionName: "setDNSRecords", args });
    await alice.sendTransaction({ to: registry.address, data });
  }
}

/** The last byte of the address at a name; `null` where there is none. */
export const WILDCARD_CASES: readonly (readonly [name: string, mark: number | null, why: string])[] = [
  ["any.wild.hold", 1, "nobody registered it"],
  ["x.any.wild.hold", 1, "nothing between it and the wildcard exists"],
  ["eu.wild.hold", null, "it is registered, although it has no RRset"],
  ["x.eu.wild.hold", null, "its closest encloser is registered"],
  ["x.y.eu.wild.hold", null, "a registered name is between it and the wildcard"],
  ["us.wild.hold", null, "a name below it has an RRset"],
  ["www.us.wild.hold", 3, "it has the RRset itself"],
  ["x.us.wild.hold", null, "its closest encloser has no wildcard"],
  ["x.own.wild.hold", 4, "the wildcard of the registered name answers"],
  ["own.wild.hold", null, "a wildcard is not for the name above it"],
  ["x.deep.wild.hold", 2, "the closer of two wildcards"],
  ["deep.wild.hold", null, "the name exists, since a wildcard is below it"],
  ["off.far.wild.hold", null, "it is registered two levels down"],
  ["x.far.wild.hold", null, "its closest encloser is registered and has no wildcard"],
];
