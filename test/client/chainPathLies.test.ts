import { expect } from "chai";
import { type ChainWorld, createChainWorld, namehash, RPC_URLS, type Tamper } from "../support/client/chainWorld.ts";

const ADDR = { kind: "addr", coinType: 60n } as const;
const VALUE = `0x${"ab".repeat(20)}`;

interface Proof {
  storageProof: { key: string; value: string; proof: string[] }[];
  accountProof: string[];
}

const ofProof =
  (change: (proof: Proof) => void): Tamper =>
  (message, result) => {
    if (message.method === "eth_getProof") change(result as Proof);
    return result;
  };
const ofBlock =
  (change: (block: Record<string, string>) => void): Tamper =>
  (message, result) => {
    if (message.method === "eth_getBlockByNumber") change(result as Record<string, string>);
    return result;
  };

/** Proofs that do not hold, beside the truth about the block. */
const FALSE_PROOFS: Readonly<Record<string, Tamper>> = {
  "changes a value": ofProof(({ storageProof }) => {
    for (const entry of storageProof) entry.proof[entry.proof.length - 1] = entry.proof[0]!;
  }),
  "truncates proofs": ofProof(({ storageProof }) => {
    for (const entry of storageProof) entry.proof.pop();
  }),
  "reverses proofs": ofProof(({ storageProof }) => {
    for (const entry of storageProof) entry.proof.reverse();
  }),
  "doubles proofs": ofProof(({ storageProof }) => {
    for (const entry of storageProof) entry.proof.push(...entry.proof);
  }),
  "proves one slot for another": ofProof(({ storageProof }) => {
    for (const entry of storageProof) entry.proof = storageProof[0]!.proof;
    storageProof[0]!.proof = [];
  }),
  "leaves slots out": ofProof(({ storageProof }) => {
    storageProof.pop();
  }),
  "truncates the account": ofProof(({ accountProof }) => {
    accountProof.pop();
  }),
};

/** Every way in which a provider can lie or fail. */
const LIES: Readonly<Record<string, Tamper>> = {
  ...FALSE_PROOFS,
  "tells of another block": ofBlock((block) => {
    block.hash = `0x${"11".repeat(32)}`;
  }),
  "tells of another state": ofBlock((block) => {
    block.stateRoot = `0x${"22".repeat(32)}`;
  }),
  "tells of a later time": ofBlock((block) => {
    block.timestamp = `0x${(Number(block.timestamp) + 60).toString(16)}`;
  }),
  "tells of the future": ofBlock((block) => {
    block.timestamp = "0xffffffffff";
  }),
  "is stuck at an old head": async (message, result, ask) => {
    const [tag] = message.params.slice(-2);
    if (message.method === "eth_getBlockByNumber" && tag === "latest")
      return await ask({ ...message, params: ["0x5", false] });
    return result;
  },
  "claims a head far ahead": ofBlock((block) => {
    block.number = "0xffffff";
  }),
  refuses: () => {
    throw new Error("rate limited");
  },
  "sends nothing": () => null,
  "sends nonsense": () => "0x",
};

describe("chain path, with providers that lie", () => {
  let world: ChainWorld;
  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    for (const label of ["shop", "bank", "inn", "mill"]) {
      const data = [call("setAddr", [namehash(`${label}.hold`), VALUE])];
      await holdfast.register({ label, owner: holdfast.alice.account.address, data });
    }
    world.ahead.seconds = 260;
  });
  afterEach(() => world.tampers.clear());

  const probe = () =>
    world
      .client({ freshness: { ageSecondsMax: 120 } })
      .probe({ name: "shop.hold", record: ADDR, path: "chain", deadlineMs: 2_000 });

  for (const [what, tamper] of Object.entries(LIES)) {
    it(`returns the right value when one of three ${what}, whichever it is`, async () => {
      for (const url of RPC_URLS) {
        world.tampers.clear();
        world.tampers.set(url, tamper);
        expect(await probe(), url).to.include({ outcome: "answered", value: VALUE, evidence: "proof" });
      }
    });

    it(`never accepts another value, or absence, when two of three each ${what}`, async () => {
      for (const url of RPC_URLS.slice(0, 2)) world.tampers.set(url, tamper);
      const told = await probe();
      if (told.outcome === "answered") expect(told.value).to.equal(VALUE);
      else expect(told.value).to.equal(null);
      expect(told.outcome).to.not.equal("absent");
    });
  }

  for (const [what, tamper] of Object.entries(FALSE_PROOFS)) {
    it(`returns the right value when one of two ${what}, since it still tells of the same block`, async () => {
      for (const url of RPC_URLS.slice(0, 2)) {
        world.tampers.clear();
        world.tampers.set(url, tamper);
        const client = world.client({ paths: { chain: { rpcUrls: RPC_URLS.slice(0, 2) } } });
        const told = await client.resolve("shop.hold", ADDR);
        expect(told, url).to.include({ outcome: "answered", value: VALUE, evidence: "proof" });
        expect(told.trace.filter(({ outcome }) => outcome === "wrong").map(({ endpoint }) => endpoint)).to.deep.equal([
          url,
        ]);
      }
    });
  }

  it("says that two honest halves of a split view cannot both be right", async () => {
    world.tampers.set(RPC_URLS[0], LIES["tells of another block"]!);
    const told = await world
      .client({ paths: { chain: { rpcUrls: RPC_URLS.slice(0, 2) } } })
      .probe({ name: "shop.hold", record: ADDR, path: "chain", deadlineMs: 2_000 });
    expect(told).to.include({ outcome: "wrong", value: null });
  });
});
