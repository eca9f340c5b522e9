/** The simulator's output, held against digests that are the same on every machine. */
import { createHash } from "node:crypto";
import { expect } from "chai";
import { runHoldfast } from "../support/program.ts";
import digests from "./digests.json" with { type: "json" };

describe("the simulator's output", function () {
  this.timeout(60_000);

  for (const { args, sha256 } of digests) {
    // A scenario or a model that is changed on purpose changes its digest: put the new one into digests.json.
    it(`returns the same bytes on every machine for ${args.join(" ")}`, async () => {
      const { out } = await runHoldfast(["simulate", ...args]);
      expect(createHash("sha256").update(out).digest("hex"), out.slice(0, 400)).to.equal(sha256);
    });
  }
});
