import { expect } from "chai";
import {
  createSyntheticChain,
  DIRECTORY,
  EVENTS_PER_NAME,
  REGISTRY,
} from "../../scripts/bench/gateway/syntheticChain.ts";
import { fetchBlocks, fetchRanges, UnlinkedBlockError } from "../../src/replica/source/ranges.ts";
import { RpcRefusedError } from "../../src/replica/source/rpc.ts";

const NAMES_PER_BLOCK = 10;
const LOGS_PER_BLOCK = NAMES_PER_BLOCK * EVENTS_PER_NAME;
const ADDRESSES = [REGISTRY, DIRECTORY];
const chain = createSyntheticChain(300, NAMES_PER_BLOCK);
const never = () => false;

/** The chain's provider, which refuses from block `from` on. */
const refusingFrom = (from: number): typeof chain => ({
  ...chain,
  logs: async (addresses, first, last) => {
    if (last >= from) throw new RpcRefusedError("http://rpc.example", "eth_getLogs", -32000, "busy");
    return await chain.logs(addresses, first, last);
  },
});

describe("fetchRanges", () => {
  const options = { from: 1, to: 29, rangeBlocksMax: 4 };

  it("returns the logs of all ranges and the last header", async () => {
    const { headers, logs } = await fetchRanges(chain, ADDRESSES, { ...options, isEnough: never });
    expect(headers.map(({ number }) => number)).to.eql([29]);
    expect(logs).to.eql(await chain.logs(ADDRESSES, 1, 29));
  });

  it("stops at the end of the range that made it enough", async () => {
    const isEnough = (logCount: number) => logCount > 5 * LOGS_PER_BLOCK;
    const { headers, logs } = await fetchRanges(chain, ADDRESSES, { ...options, isEnough });
    expect([headers[0]!.number, logs.length]).to.eql([8, 8 * LOGS_PER_BLOCK]);
  });

  it("stops after a number of ranges, however few logs they have", async () => {
    const isEnough = (_logs: number, rangeCount: number) => rangeCount >= 3;
    const { headers } = await fetchRanges(chain, ADDRESSES, { ...options, isEnough });
    expect(headers[0]!.number).to.equal(12);
  });

  it("keeps what came before a range that failed", async () => {
    const { headers, logs } = await fetchRanges(refusingFrom(11), ADDRESSES, { ...options, isEnough: never });
    expect([headers[0]!.number, logs.length]).to.eql([8, 8 * LOGS_PER_BLOCK]);
  });

  it("throws where the first range fails", async () => {
    const failed = await fetchRanges(refusingFrom(1), ADDRESSES, { ...options, isEnough: never }).catch(
      (error) => error,
    );
    expect(failed).to.be.instanceOf(RpcRefusedError);
  });
});

describe("fetchBlocks", () => {
  it("returns every header or the last, and the same logs", async () => {
    const range = { from: 3, to: 6, parentHash: undefined };
    const every = await fetchBlocks(chain, ADDRESSES, range, "every header");
    const last = await fetchBlocks(chain, ADDRESSES, range, "last header");
    expect(every.headers.map(({ number }) => number)).to.eql([3, 4, 5, 6]);
    expect(last.headers).to.eql(every.headers.slice(-1));
    expect(last.logs).to.eql(every.logs);
  });

  it("throws where the first block follows another than the one told", async () => {
    const { hash } = (await chain.header(1))!;
    const range = { from: 3, to: 6, parentHash: hash };
    const failed = await fetchBlocks(chain, ADDRESSES, range, "every header").catch((error) => error);
    expect(failed).to.be.instanceOf(UnlinkedBlockError);
  });
});
