import { expect } from "chai";
import { growthOf, type Sample, slopeOf } from "../../scripts/bench/soak/memory.ts";
import { bench } from "../../scripts/bench/soak.bench.ts";

/** A saw of garbage over a floor that grows by so many bytes a block. */
const saw = (bytesPerBlock: number): Sample[] =>
  Array.from({ length: 400 }, (_, block) => {
    const bytes = 50e6 + bytesPerBlock * block + (block % 10) * 2e6;
    return { block, heapBytes: bytes, residentBytes: bytes };
  });

describe("bench soak", () => {
  it("returns a gateway's memory while it answers everything right, in a small run", async () => {
    const said: string[] = [];
    const rows = await bench({ small: true, say: (text) => said.push(text), args: [] });
    const figureOf = (id: string) => rows.find((row) => row.id === `soak: ${id}`)?.value;
    expect(figureOf("queries not answered right"), said.join("\n")).to.equal(0);
    expect(figureOf("answers")).to.be.above(50);
    expect(figureOf("blocks")).to.be.at.least(12);
    expect(figureOf("heap, level")).to.be.within(5, 500);
  }).timeout(60_000);

  it("tells a leak from garbage", () => {
    expect(growthOf(saw(0), "heapBytes").ratio).to.equal(0);
    expect(growthOf(saw(50_000), "heapBytes").ratio).to.be.above(0.1);
    expect(growthOf(saw(50_000), "heapBytes").slopeBytesPerBlock).to.be.closeTo(50_000, 15_000);
    expect(slopeOf([[3, 7]])).to.equal(0);
  });
});
