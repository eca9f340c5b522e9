/**
 * RPC providers that fail, each way alone and in pairs, over real sockets. Pass line: at every moment at which the copy would be
 * answered from, its storage is the chain's at the copy's block, and once the faults are over it follows to the head.
 */
import { expect } from "chai";
import { type Hex, toHex } from "viem";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { createRpcSource } from "../../src/replica/source/rpcSource.ts";
import { StorageTrie } from "../../src/replica/trie/storageTrie.ts";
import { nodeOf } from "../contracts/support/holdfast.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";
import { type RpcBehaviour, type RpcCall, type RpcServer, startRpcServer } from "../support/gateway/rpcServer.ts";

interface Log {
  readonly topics: readonly Hex[];
  readonly blockNumber: Hex;
}

/** What a fault may use: its provider's number, so that two faulty ones do not lie alike, and a chain that is not ours. */
interface Stage {
  readonly index: number;
  readonly server: RpcServer;
  readonly foreign: Chain;
  /** The block at which the fault begins. */
  readonly since: number;
}

const hex = (value: number): Hex => `0x${value.toString(16)}`;
const NAMES = ["late-0", "late-1", "late-2"];

async function logsBut(ask: Promise<unknown>, change: (log: Log) => Log | undefined): Promise<unknown> {
  return ((await ask) as readonly Log[]).map(change).filter((log) => log !== undefined);
}

const FAULTS: Readonly<Record<string, (stage: Stage) => RpcBehaviour | "kill">> = {
  killed: () => "kill",
  hanging: () => () => "hang",
  refusing: () => () => Promise.reject({ code: -32005, message: "limit exceeded" }),
  lagging:
    ({ since }) =>
    async (call, honest) => {
      const [at] = call.params;
      if (call.method === "eth_getBlockByNumber") {
        if (at === "latest") return await honest({ ...call, params: [hex(since), false] });
        return Number(at) > since ? null : await honest(call);
      }
      return call.method === "eth_getLogs"
        ? await logsBut(honest(call), (log) => (Number(log.blockNumber) > since ? undefined : log))
        : await honest(call);
    },
  withholding:
    ({ index }) =>
    (call, honest) =>
      call.method === "eth_getLogs"
        ? logsBut(honest(call), (log) => (log.topics[1] === nodeOf(`${NAMES[index]}.hold`) ? undefined : log))
        : honest(call),
  forging:
    ({ index }) =>
    (call, honest) => {
      const thief = toHex(0xbad00 + index, { size: 32 });
      return call.method === "eth_getLogs"
        ? logsBut(honest(call), (log) =>
            log.topics.length === 3 && log.topics[1] === nodeOf(`${NAMES[index]}.hold`)
              ? { ...log, topics: [log.topics[0]!, log.topics[1], thief] }
              : log,
          )
        : honest(call);
    },
  forking:
    ({ foreign }) =>
    (call) =>
      foreign.provider.request({ method: call.method, params: call.params as unknown[] }),
  misproving:
    ({ since }) =>
    (call, honest) =>
      call.method === "eth_getProof" ? honest({ ...call, params: [call.params[0], [], hex(since - 3)] }) : honest(call),
};

describe("RPC providers at fault", function () {
  this.timeout(120_000);
  let chain: Chain;
  const foreign: Chain[] = [];
  let since = 0;
  let end = 0;
  /** Storage root of the registry by block, from the chain itself. */
  const roots = new Map<number, Hex>();

  before(async () => {
    chain = await deployWithDirectory();
    for (let index = 0; index < 3; index += 1) {
      const other = await deployWithDirectory();
      await other.register({ label: `foreign-${index}`, owner: other.bob.account.address });
      foreign.push(other);
    }
    await chain.register({ label: "early", owner: chain.alice.account.address });
    await chain.mineToCheckpoint();
    since = await chain.head();
    for (const label of NAMES) await chain.register({ label, owner: chain.bob.account.address });
    await chain.mineToCheckpoint();
    await chain.mine(3);
    end = await chain.head();
    for (const other of foreign) while ((await other.head()) < end) await other.mine(1);
    for (let block = since; block <= end; block += 1) {
      const params = [chain.registry.address, [], hex(block)];
      const proof = (await chain.provider.request({ method: "eth_getProof", params })) as { storageHash: Hex };
      roots.set(block, proof.storageHash);
    }
  });

  /** The chain as it was when its head was `head()`. */
  const upTo =
    (head: () => number, behaviour: RpcBehaviour): RpcBehaviour =>
    (call, honest) =>
      behaviour(call, async (asked: RpcCall) => {
        const [first] = asked.params;
        if (asked.method === "eth_getBlockByNumber") {
          if (first === "latest") return await honest({ ...asked, params: [hex(head()), false] });
          if (Number(first) > head()) return null;
        }
        return await honest(asked);
      });

  /** Throws where the copy would be answered from and is not the chain's. */
  const check = (replica: Replica, what: string): void => {
    const { head, status } = replica;
    if (status !== "following" || head === undefined || head.number < since) return;
    const trie = new StorageTrie();
    replica.store.forEachSlot((key, value) => trie.set(key, value));
    expect(toHex(trie.root()), `${what}, block ${head.number}`).to.equal(roots.get(head.number));
  };

  const run = async (faults: readonly string[], isFromStart: boolean): Promise<void> => {
    const what = `${faults.join(" and ")}${isFromStart ? " from the start" : ""}`;
    const servers = await Promise.all([0, 1, 2].map(() => startRpcServer(chain.provider)));
    let head = isFromStart ? end : since;
    const honestly = () => {
      for (const server of servers)
        server.behaviour = upTo(
          () => head,
          (call, honest) => honest(call),
        );
    };
    honestly();
    const sources = servers.map(({ url }) => createRpcSource({ url, clock: systemClock, deadlineMs: 150 }));
    const { replica } = replicaOf(chain, { sources, pool: isFromStart ? {} : { suspicionMs: 0 } });
    const stop = replica.onChange(() => check(replica, what));
    const step = async () =>
      await replica.step().then(
        () => check(replica, what),
        () => check(replica, what),
      );
    try {
      if (!isFromStart) {
        while (replica.head?.number !== since) await step();
        expect(replica.checkpoint?.header.number, what).to.equal(since);
        head = end;
      }
      for (const [index, name] of faults.entries()) {
        const server = servers[index]!;
        const fault = FAULTS[name]!({ index, server, foreign: foreign[index]!, since });
        if (fault === "kill") await server.kill();
        else server.behaviour = upTo(() => head, fault);
      }
      for (let count = 0; count < 3; count += 1) await step();
      if (faults.length < 2) {
        for (let count = 0; count < 20 && replica.head?.number !== end; count += 1) await step();
        expect(replica.head?.number, `${what}: two of three are honest`).to.equal(end);
      }
      expect(replica.head?.number ?? 0, "never goes back").to.be.at.least(isFromStart ? 0 : since);
      honestly();
      if (faults.filter((name) => name === "killed").length === 2) return;
      for (let count = 0; count < 30 && replica.head?.number !== end; count += 1) await step();
      expect([replica.head?.number, replica.status], `${what}, over`).to.deep.equal([end, "following"]);
    } finally {
      stop();
      await replica.stop();
      await Promise.all(servers.map((server) => server.kill()));
    }
  };

  const names = Object.keys(FAULTS);
  for (const name of names) {
    it(`one ${name}: follows the others`, async () => await run([name], false));
    it(`one ${name} from the start: ends at the chain's state`, async () => await run([name], true));
  }
  for (const [at, first] of names.entries()) {
    it(`two, one ${first}: keeps to the chain or stands still`, async () => {
      for (const second of names.slice(at)) await run([first, second], false);
    });
  }

  for (const lie of ["withholding", "forging"]) {
    it(`two ${lie} alike: found out at the next checkpoint, said aloud, and nothing is answered until it is put right`, async () => {
      const servers = await Promise.all([0, 1, 2].map(() => startRpcServer(chain.provider)));
      let head = since;
      const said: string[] = [];
      const noting = { ...silentLog, error: (message: string) => said.push(message) };
      const sources = servers.map(({ url }) => createRpcSource({ url, clock: systemClock, deadlineMs: 1_000 }));
      const { replica } = replicaOf(chain, { sources, pool: { suspicionMs: 0 }, options: { log: noting } });
      const seen = new Set<string>();
      const stop = replica.onChange(() => seen.add(replica.status));
      const step = async () => {
        await replica.step().catch(() => {});
        seen.add(replica.status);
        // Past a checkpoint that was found wrong, whatever is served is the chain's.
        if (seen.has("diverged")) check(replica, lie);
      };
      try {
        for (const server of servers)
          server.behaviour = upTo(
            () => head,
            (call, honest) => honest(call),
          );
        while (replica.head?.number !== since) await step();
        head = end;
        for (const [index, server] of servers.slice(0, 2).entries()) {
          const stage = { index: 0, server, foreign: foreign[index]!, since };
          server.behaviour = upTo(() => head, FAULTS[lie]!(stage) as RpcBehaviour);
        }
        for (let count = 0; count < 20 && !seen.has("diverged"); count += 1) await step();
        expect([...seen]).to.include("diverged");
        expect(said.length).to.be.above(0);
        expect(replica.checkpoint?.header.number, "the last block that was proven right").to.equal(since);
        for (const server of servers)
          server.behaviour = upTo(
            () => head,
            (call, honest) => honest(call),
          );
        for (let count = 0; count < 30 && replica.head?.number !== end; count += 1) await step();
        expect([replica.head?.number, replica.status]).to.deep.equal([end, "following"]);
      } finally {
        stop();
        await replica.stop();
        await Promise.all(servers.map((server) => server.kill()));
      }
    });
  }
});
