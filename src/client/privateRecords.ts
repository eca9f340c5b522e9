/** Private records of a file, encrypted to their recipients: public keys, or names whose `pubkey` record holds one. */
import { isHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { normaliseName } from "../naming/name.ts";
import type { SetRecord } from "../protocol/offchainRecords.ts";
import { encryptRecord, normalisePublicKey } from "../protocol/privateRecord.ts";
import type { NameClient } from "./nameClient.ts";
import type { PlainPrivateRecord } from "./recordFile.ts";
import { requireValue } from "./verbs.ts";

/** The name has no public key to encrypt to. */
export class NoPublicKeyError extends BaseError {
  override readonly name = "Client.NoPublicKeyError";
  constructor(name: string) {
    super("CLIENT_NO_PUBLIC_KEY", `${name} has no pubkey record.`, {
      metaMessages: ["Give the recipient's public key in hexadecimal, or let the recipient set that record."],
    });
  }
}

/** The public key of a recipient, x ‖ y. Throws `NoPublicKeyError`, `InvalidRecipientError`, or where nobody could say. */
export async function publicKeyOf(client: NameClient, recipient: string): Promise<Uint8Array> {
  if (isHex(recipient)) return normalisePublicKey(recipient);
  const name = normaliseName(recipient);
  const value = requireValue(await client.resolve(name, { kind: "pubkey" }));
  if (value === null) throw new NoPublicKeyError(name);
  return normalisePublicKey(value);
}

/** Encrypts each record to its recipients. */
export async function sealRecords(
  client: NameClient,
  records: readonly PlainPrivateRecord[],
): Promise<readonly SetRecord[]> {
  return await Promise.all(
    records.map(async ({ name, record, plain, to }): Promise<SetRecord> => {
      const keys = await Promise.all(to.map((recipient) => publicKeyOf(client, recipient)));
      return { name, record, value: encryptRecord({ name, record }, plain, keys) };
    }),
  );
}
