/** The attacks a gateway and a client must withstand: which tests hold each pass line. A test that goes must be replaced here. */
import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";

interface Row {
  readonly attack: string;
  readonly passLine: string;
  /** Titles of tests, by file under `test/`. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

const ROWS: readonly Row[] = [
  {
    attack: "malformed packets",
    passLine: "no crash, bounded memory, reply class right",
    tests: {
      "gateway/dns/attacks.test.ts": [
        "returns nothing worse than FORMERR to every cut and every flipped bit",
        "returns nothing worse than FORMERR to generated ones, and keeps no memory of them",
      ],
      "gateway/fuzz.test.ts": ["DNS front", "HTTP front"],
      "gateway/dns/server.test.ts": ["keeps answering after every kind of broken datagram"],
      "gateway/httpServer.test.ts": ["and ends the connection`"],
      "dns/message.test.ts": ["returns a message or throws MalformedMessageError, whatever the bytes"],
    },
  },
  {
    attack: "compression loops, pointer chains",
    passLine: "FORMERR, linear time",
    tests: {
      "gateway/dns/attacks.test.ts": ["returns FORMERR to compression loops in linear time"],
      "dns/message.test.ts": ["rejects chains of pointers in linear time"],
    },
  },
  {
    attack: "reflection and amplification",
    passLine: "at most ten times without a cookie, ANY minimal, rate limit per prefix, others >= 99 % answered",
    tests: {
      "gateway/dns/attacks.test.ts": [
        "returns at most ten times the bytes without a cookie, ANY included",
        "keeps answering other networks while forged ones are limited",
      ],
      "gateway/floods.test.ts": ["answers others, and a forged network no more than its rate"],
    },
  },
  {
    attack: "random-subdomain flood",
    passLine: "no chain read per query; other names >= 99 % answered",
    tests: {
      "gateway/dns/attacks.test.ts": ["random names: other names stay answered, nothing is remembered"],
      "gateway/floods.test.ts": [
        "answers others, and reads no chain, while random names under one name are asked for",
        "answers others, and reads no chain, while random names under the TLD are asked for",
      ],
    },
  },
  {
    attack: "retry storm at ten times the load",
    passLine: "sheds load, recovers within 30 s",
    tests: { "gateway/dns/attacks.test.ts": ["retry storm: answers again as soon as it is over"] },
  },
  {
    attack: "off-path forging, wrong id, port, question",
    passLine: "rejected; ids and ports from a CSPRNG",
    tests: {
      "client/dnsPath.test.ts": ["never takes a datagram with another id or question"],
      "client/forging.test.ts": ["never reach a query when they come from another port", "would have to guess a port"],
    },
  },
  {
    attack: "lying, stale or withholding gateway or RPC provider",
    passLine: "no wrong answer accepted; next member within the hedge delay",
    tests: {
      "client/gatewaysPath.test.ts": [
        "returns the right value within 400 ms when the first gateway ",
        "never accepts a wrong value in random worlds with one liar among a name's four",
      ],
      "client/chainPathLies.test.ts": ["returns the right value when one of three "],
      "replica/providerFaults.test.ts": ["follows the others", "keeps to the chain or stands still"],
      "proof/verifyAnswer.test.ts": ["never accepts another reading, whatever is changed in the evidence"],
    },
  },
  {
    attack: "alias chains and loops",
    passLine: "capped and detected",
    tests: {
      "gateway/dns/attacks.test.ts": ["alias chains: cut off at sixteen, loops ended where they close"],
      "client/dnsPath.test.ts": ["never follows an alias in circles"],
    },
  },
  {
    attack: "slow readers, slow writers on TCP and HTTP",
    passLine: "per-client caps; others >= 99 %",
    tests: {
      "gateway/dns/server.test.ts": [
        "keeps little for a client that does not read, and serves the others",
        "closes connections beyond a client's share, and idle ones",
      ],
      "gateway/httpServer.test.ts": [
        "ends connections that read nothing, while others are served",
        "ends connections whose request does not come to an end in time",
      ],
      "gateway/floods.test.ts": ["answers others while clients open connections by the hundred"],
    },
  },
  {
    attack: "huge record sets",
    passLine: "capped on chain and in answers",
    tests: {
      "gateway/dns/attacks.test.ts": ["huge record sets: truncated over UDP"],
      "contracts/resolver/dnsRecords.test.ts": ["of a set over 8,192 bytes are refused with its length"],
      "contracts/resolver/RecordResolver.test.ts": ["revert over 8,192 bytes"],
    },
  },
  {
    attack: "rollback, old plan re-applied, emptied set",
    passLine: "versions only move forward; a smaller copy is never silently taken",
    tests: {
      "replica/replica.test.ts": [
        "keeps its copy when the providers are behind it",
        "goes back to its last proven block",
      ],
      "replica/bootstrap.test.ts": ["never replaces a store"],
      "client/keeping.test.ts": ["never takes what one alone publishes, nor two of one operator, nor an older one"],
      "gateway/sets.test.ts": ["takes the same set again, and nothing older"],
      "contracts/directory/GatewayDirectory.test.ts": ["revert when a move breaks the rule"],
    },
  },
  {
    attack: "gateway URLs pointing inward, endless bodies, redirects",
    passLine: "refused or capped",
    tests: {
      "client/ccipDropIns.test.ts": ["never asks a URL that points inward, unless told to"],
      "client/foreignResolver.test.ts": ["follows lookups that lead to another, and none that points inward"],
      "client/gatewaysPath.test.ts": ["sends without end", "redirects"],
      "gateway/attestations.test.ts": ["reads no more of an endless body than it allows, and follows no redirect"],
      "gateway/httpServer.test.ts": ["rejects bodies over the limit, announced or not"],
    },
  },
];

describe("attacks, row by row", () => {
  for (const { attack, passLine, tests } of ROWS) {
    it(`${attack}: ${passLine}`, () => {
      const missing = Object.entries(tests).flatMap(([file, titles]) => {
        const text = existsSync(`test/${file}`) ? readFileSync(`test/${file}`, "utf8") : "";
        return titles.filter((title) => !text.includes(title)).map((title) => `${file}: ${title}`);
      });
      expect(missing).to.deep.equal([]);
    });
  }
});
