import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { mendJournal } from "../../src/chain/journal.ts";

const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

describe("mendJournal", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-journal-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const lineOf = (type: string, id: number, nonce?: number) =>
    `\n${JSON.stringify({ type, futureId: "Holdfast#A", networkInteractionId: id, ...(nonce === undefined ? {} : { nonce }) })}`;
  const path = () => join(folder, "journal.jsonl");
  /** A node that tells these counts of the account's transactions, the last one from then on, and knows no block. */
  const nodeTelling = (...counts: readonly number[]) => {
    const left = [...counts];
    return {
      async request({ method }: { method: string }) {
        if (method === "eth_getTransactionCount")
          return `0x${(left.length > 1 ? left.shift()! : left[0]!).toString(16)}`;
        return null;
      },
    };
  };

  it("takes out what was announced and never sent, and a last line that was cut off", async () => {
    await writeFile(path(), `${lineOf("TRANSACTION_PREPARE_SEND", 1, 4)}\n{"type":"TRANSAC`);
    await mendJournal(folder, nodeTelling(4), ACCOUNT, 1);
    expect(await readFile(path(), "utf8")).to.equal("");
  });

  it("never takes out what a node counts only on a second look, as it was just being mined", async () => {
    const text = lineOf("TRANSACTION_PREPARE_SEND", 1, 4);
    await writeFile(path(), text);
    await mendJournal(folder, nodeTelling(4, 5), ACCOUNT, 1);
    expect(await readFile(path(), "utf8")).to.equal(text);
  });

  it("looks again for a transaction that is mined between two of its questions", async () => {
    await writeFile(path(), lineOf("TRANSACTION_PREPARE_SEND", 1, 4));
    const asked: string[] = [];
    const mined = () => asked.filter((block) => block === "pending").length > 0;
    const node = {
      async request({ method, params }: { method: string; params?: readonly unknown[] | object }) {
        const [first, second] = (params ?? []) as string[];
        if (method === "eth_getTransactionCount") return second === "latest" && !mined() ? "0x4" : "0x5";
        if (method === "eth_blockNumber") return "0x0";
        if (method === "eth_getBlockByNumber") asked.push(first!);
        return null;
      },
    };
    await mendJournal(folder, node, ACCOUNT, 1);
    expect(asked).to.deep.equal(["pending", "0x0"]);
  });

  it("keeps what was sent, and asks nobody", async () => {
    const text = lineOf("TRANSACTION_PREPARE_SEND", 1, 4) + lineOf("TRANSACTION_SEND", 1);
    await writeFile(path(), text);
    const nobody = { request: async () => expect.fail("asked") as never };
    await mendJournal(folder, nobody, ACCOUNT, 1);
    expect(await readFile(path(), "utf8")).to.equal(text);
  });
});
