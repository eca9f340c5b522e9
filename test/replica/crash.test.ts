import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { StorageTrie } from "../../src/replica/trie/storageTrie.ts";
import { openSynthetic } from "../support/gateway/synthetic.ts";

const NAMES = 2_000;
const KILLS = Number(process.env.FC_NUM_RUNS ?? 3);
const CHILD = new URL("../support/gateway/crashChild.ts", import.meta.url);

function rootOf(replica: Replica): string {
  const trie = new StorageTrie();
  replica.store.forEachSlot((key, value) => trie.set(key, value));
  return toHex(trie.root());
}

/** Runs a replica in a process of its own and kills it at a random moment after `runs` runs of blocks. */
async function killAfter(path: string, runs: number, random: { below(bound: number): number }): Promise<void> {
  const child = fork(CHILD, [path, String(NAMES)], { execArgv: ["--disable-warning=ExperimentalWarning"] });
  let seen = 0;
  child.on("message", (message: { done?: boolean }) => {
    seen += 1;
    if (message.done === true) child.kill("SIGKILL");
    // In the middle of what follows: reading logs, working them out, or writing them.
    else if (seen === runs) systemClock.schedule(random.below(20), () => child.kill("SIGKILL"));
  });
  await new Promise((resolve) => child.once("exit", resolve));
}

describe("replica, killed", function () {
  this.timeout(120_000);

  it(`holds after each of ${KILLS} kills -9 a state of one block, whole, and ends in that of a clean replay`, async () => {
    const seed = 20_181_121;
    const random = seededRandom(seed, "kills");
    const folder = mkdtempSync(join(tmpdir(), "holdfast-crash-"));
    try {
      const path = join(folder, "replica.db");
      const clean = openSynthetic(":memory:", NAMES, systemClock, silentLog);
      await clean.step();
      for (let kill = 0; kill < KILLS; kill += 1) {
        await killAfter(path, 1 + random.below(15), random);
        const survivor = openSynthetic(path, NAMES, systemClock, silentLog);
        const head = survivor.head?.number ?? 0;
        const whole = openSynthetic(":memory:", Math.min(NAMES, head * 10), systemClock, silentLog);
        await whole.step();
        expect(rootOf(survivor), `seed ${seed}, kill ${kill}, block ${head}`).to.equal(rootOf(whole));
        await survivor.stop();
      }
      const last = openSynthetic(path, NAMES, systemClock, silentLog);
      await last.step();
      expect(rootOf(last)).to.equal(rootOf(clean));
      expect(last.head?.number).to.equal(clean.head?.number);
      await last.stop();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
