/**
 * Primary names: from an account to its name (ENSIP-3, ENSIP-19). What an account claims counts only where the name resolves back to
 * the account, on the same chain; both halves are asked of the verified paths.
 */
import { fromHex, type Hex, isHex, utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { normaliseName } from "../naming/name.ts";
import { reverseNameOf } from "../proof/reverse.ts";
import { COIN_TYPE_ETHEREUM, isEvmCoinType } from "../protocol/record.ts";
import type { NameClient, ResolveOptions } from "./nameClient.ts";
import type { Resolution } from "./resolution.ts";
import { requireValue } from "./verbs.ts";

/** The address is none that has a primary name. */
export class UnsupportedAccountError extends BaseError {
  override readonly name = "Client.UnsupportedAccountError";
  constructor(account: string, coinType: bigint) {
    super("CLIENT_UNSUPPORTED_ACCOUNT", `"${account.slice(0, 80)}" on coin type ${coinType} has no primary name.`, {
      metaMessages: ["Expected an address of 20 bytes on Ethereum (60) or another EVM chain (ENSIP-11)."],
    });
  }
}

export interface PrimaryNameOptions extends ResolveOptions {
  /** The chain (ENSIP-9, ENSIP-11); Ethereum unless given. */
  readonly coinType?: bigint;
}

/** An account's name, and how it was found out. */
export interface PrimaryName {
  /** `null` where the account claims none, or one that does not resolve back to it. */
  readonly name: string | null;
  /** What the account claims, checked or not. */
  readonly claim: string | null;
  readonly reverse: Resolution;
  /** The claim's own resolution; `null` where there is none to resolve: no claim, or none below the TLD in its normal form. */
  readonly forward: Resolution | null;
}

/** The claim, where it is a name that can be resolved. */
function resolvable(client: NameClient, claim: string): string | undefined {
  try {
    // ENSIP-19: a name that is not in its normal form is none.
    return normaliseName(claim) === claim && claim.endsWith(`.${client.tld}`) ? claim : undefined;
  } catch (error) {
    if (error instanceof BaseError) return undefined;
    throw error;
  }
}

/** How an account's name was found out, whatever came of it. Throws `UnsupportedAccountError`. */
export async function resolvePrimaryName(
  client: NameClient,
  account: Hex,
  options: PrimaryNameOptions = {},
): Promise<PrimaryName> {
  const { coinType = COIN_TYPE_ETHEREUM, ...rest } = options;
  if (!isHex(account) || account.length !== 42 || !isEvmCoinType(coinType)) {
    throw new UnsupportedAccountError(account, coinType);
  }
  const lower = account.toLowerCase() as Hex;
  const reverse = await client.resolve(reverseNameOf({ account: lower, coinType }), { kind: "name" }, rest);
  const claim = reverse.value === null ? null : (utf8Text(fromHex(reverse.value)) ?? null);
  const claimed = claim === null ? undefined : resolvable(client, claim);
  if (claimed === undefined) return { name: null, claim, reverse, forward: null };
  const forward = await client.resolve(claimed, { kind: "addr", coinType }, rest);
  return { name: forward.value === lower ? claimed : null, claim, reverse, forward };
}

/**
 * The primary name of an account; `null` where it has none that resolves back to it. Throws `UnavailableError` or
 * `VerificationFailedError` where either half could not be found out.
 *
 * @example
 * ```ts
 * await getPrimaryName(client, "0x00000000000000000000000000000000000a11ce"); // "shop.hold"
 * ```
 */
export async function getPrimaryName(
  client: NameClient,
  account: Hex,
  options: PrimaryNameOptions = {},
): Promise<string | null> {
  const { name, reverse, forward } = await resolvePrimaryName(client, account, options);
  requireValue(reverse);
  if (forward !== null) requireValue(forward);
  return name;
}
