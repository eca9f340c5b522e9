/** The lies that gateways and RPC providers may tell, and which tests show that none is accepted. One that goes must be replaced here. */
import { readFileSync } from "node:fs";
import { expect } from "chai";

/** Titles of tests, or of the cases they are made of, by lie and by file under `test/`. */
const LIES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "another value, or absence": {
    "client/provenLies.test.ts": ["says another value", "says that there is none"],
    "client/gatewaysPath.test.ts": ['["lies", "lies"]'],
    "proof/verifyAnswer.test.ts": ["rejects a changed value, status, block or slot value"],
  },
  "a valid proof for another name": {
    "client/provenLies.test.ts": ["proves another name", "answers for another name"],
    "proof/verifyAnswer.test.ts": ["rejects the proof of another name, block, slot or contract"],
  },
  "a valid proof for another slot": {
    "client/chainPathLies.test.ts": ["proves one slot for another"],
    "proof/verifyAnswer.test.ts": ["rejects the proof of another name, block, slot or contract"],
  },
  "a valid proof for another block": {
    "client/provenLies.test.ts": ["proves an older state under this header"],
    "client/chainPathLies.test.ts": ["tells of another block", "tells of another state"],
  },
  "a valid proof of another chain": {
    "client/provenLies.test.ts": [
      "proves another chain's state, and attests it",
      "proves another chain's state under this block",
      "has its header attested for another chain",
    ],
  },
  "a valid proof of another contract": {
    "client/provenLies.test.ts": ["has its header attested for another contract"],
    "client/primaryName.test.ts": ["never takes the proof of another contract's storage for it"],
  },
  "truncated, reordered, duplicated proof nodes": {
    "client/provenLies.test.ts": ["truncates proofs", "reorders proofs", "doubles proofs"],
    "client/chainPathLies.test.ts": ["truncates proofs", "reverses proofs", "doubles proofs"],
    "proof/verifyAnswer.test.ts": ["rejects withheld slots, and truncated, reordered and duplicated nodes"],
  },
  "an exclusion proof for an existing slot": {
    "proof/verifyAnswer.test.ts": ["rejects an exclusion proof for a slot that exists"],
  },
  "an old but valid state": {
    "client/provenLies.test.ts": [
      "sends an old answer that was true, well attested",
      "marks an old answer as stale where there is no other, and refuses it after a newer one was seen",
    ],
    "client/chainPathLies.test.ts": ["is stuck at an old head"],
  },
  "a split view between two operators": {
    "client/provenLies.test.ts": [
      "accepts neither side of a split view between two operators who have one attestation each",
    ],
    "client/chainPathLies.test.ts": ["says that two honest halves of a split view cannot both be right"],
  },
  "one operator who speaks as several": {
    "client/provenLies.test.ts": [
      "attests in the name of others",
      "attests many times over",
      "never trusts a header that one operator attests with several gateways",
    ],
  },
  "forged bytes anywhere": {
    "client/provenLies.test.ts": ["forges a node", "forges the header", "forges its attestation"],
    "proof/verifyAnswer.test.ts": ["never accepts another reading, whatever is changed in the evidence"],
    "client/fuzz.test.ts": ["returns, or throws an error it is allowed"],
  },
  "part of a zone for the whole, where a wildcard may answer": {
    "proof/wildcards.test.ts": ["rejects a claim that is not the whole zone, and nothing else"],
    "client/wildcards.test.ts": ["never takes a list of names that leaves some out, or adds some"],
  },
  "a made-up result of a contract": {
    "client/foreignResolver.test.ts": [
      "returns what the others say, whichever it is, and names it in the trace",
      "never takes the word of one when no two agree",
      "passes over gateways that lie, send junk or refuse",
    ],
  },
  "a made-up directory": {
    "client/proveDirectory.test.ts": ["takes the true directory when one of three "],
    "client/keeping.test.ts": ["never takes what one alone publishes, nor two of one operator, nor an older one"],
  },
  "a name that is another account's": {
    "client/primaryName.test.ts": [
      "never returns a name that resolves to another account, or that is not in its normal form",
    ],
  },
  "a header that the light client does not know": {
    "client/lightClient.test.ts": [
      "never lets providers agree on a block that is not the light client's",
      "never trusts one that it does not confirm, whoever attests it",
    ],
  },
  "anything, in random worlds with random liars": {
    "client/provenLies.test.ts": ["never accepts a wrong value in random worlds with random liars"],
    "client/gatewaysPath.test.ts": ["never accepts a wrong value in random worlds with one liar among a name's four"],
  },
};

describe("lies, one by one", () => {
  for (const [lie, tests] of Object.entries(LIES)) {
    it(`never lets a client accept ${lie}`, () => {
      for (const [file, titles] of Object.entries(tests)) {
        const text = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
        for (const title of titles) expect(text.includes(title), `${file}: ${title}`).to.equal(true);
      }
    });
  }
});
