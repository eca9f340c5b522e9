/** How many signed sets a second one gateway takes over HTTP, each verified and written through before it is acknowledged. */
import { Agent, request } from "node:http";
import { privateKeyToAccount } from "viem/accounts";
import { fromHex } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { signSet } from "../../../src/client/publish.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../../src/proof/layout.ts";
import { addressRecord } from "../../../test/support/offchain/publish.ts";
import { createOffchainWorld } from "../../../test/support/offchain/world.ts";

export interface UpdateRate {
  readonly perSecond: number;
  readonly count: number;
}

/** One PUT of a set, marked as passed on, so that this gateway's work alone is measured. */
function put(agent: Agent, origin: string, text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      "x-holdfast-relayed": "1",
    };
    const call = request(`${origin}/v1/sets`, { method: "PUT", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    call.on("error", reject);
    call.end(text);
  });
}

/** Sets of `names` names, `perName` each, one after the other for a name and all names at once. Throws where one is refused. */
export async function measureUpdates(wanted: {
  readonly names: number;
  readonly perName: number;
}): Promise<UpdateRate> {
  const labels = Array.from({ length: wanted.names }, (_, index) => `name${index}`);
  const world = await createOffchainWorld(labels, { sets: { updatesPerMinute: 1_000_000 } });
  const agent = new Agent({ keepAlive: true, maxSockets: wanted.names });
  try {
    const [gateway] = world.gateways;
    const domain = { chainId: 31337, resolver: world.deployment.contracts.offchainResolver };
    const signer = privateKeyToAccount(world.ownerKey);
    const validFrom = Math.floor(systemClock.nowMs() / 1_000);
    const texts = await Promise.all(
      labels.map(async (label) => {
        const name = `${label}.hold`;
        const { epoch } = parseNameWord(gateway!.replica.read(fromHex(nameSlot(namehash(name)))));
        const head = { epoch, validFrom, validUntil: validFrom + 86_400, domain, signer, name };
        const made: string[] = [];
        for (let sequence = 1; sequence <= wanted.perName; sequence += 1) {
          const records = [addressRecord(name, sequence), addressRecord(`www.${name}`, sequence)];
          made.push((await signSet({ ...head, records, sequence: BigInt(sequence) })).text);
        }
        return made;
      }),
    );
    const startMs = systemClock.monotonicMs();
    await Promise.all(
      texts.map(async (ofName) => {
        for (const text of ofName) {
          const status = await put(agent, gateway!.httpUrl, text);
          if (status !== 201) throw new Error(`a set was answered with ${status}`);
        }
      }),
    );
    const count = wanted.names * wanted.perName;
    return { count, perSecond: count / ((systemClock.monotonicMs() - startMs) / 1_000) };
  } finally {
    agent.destroy();
    await world.stop();
  }
}
