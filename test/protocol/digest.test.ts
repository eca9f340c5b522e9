import { expect } from "chai";
import fc from "fast-check";
import { hashTypedData } from "viem";
import { toHex } from "../../src/base/bytes.ts";
import { answerDigest, contentHash, type RecordsAnswer } from "../../src/protocol/answer.ts";
import { attestationDigest, checkpointOf } from "../../src/protocol/attestation.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
const uint64 = fc.bigInt(0n, 2n ** 64n - 1n);
const blocks = fc.record({ number: uint64, hash: bytes(32), stateRoot: bytes(32), timestamp: uint64 });
const domains = fc.record({ chainId: fc.integer({ min: 1, max: 2 ** 40 }), directory: bytes(20) });
const viemDomain = (domain: { chainId: number; directory: `0x${string}` }) => ({
  name: "Holdfast",
  version: "1",
  chainId: domain.chainId,
  verifyingContract: domain.directory,
});

describe("protocol digests", () => {
  it("returns the EIP-712 digest of an attestation that viem computes", () => {
    fc.assert(
      fc.property(domains, blocks, (domain, block) => {
        const expected = hashTypedData({
          domain: viemDomain(domain),
          types: {
            HeaderAttestation: [
              { name: "blockNumber", type: "uint64" },
              { name: "blockHash", type: "bytes32" },
              { name: "stateRoot", type: "bytes32" },
              { name: "timestamp", type: "uint64" },
            ],
          },
          primaryType: "HeaderAttestation",
          message: {
            blockNumber: block.number,
            blockHash: block.hash,
            stateRoot: block.stateRoot,
            timestamp: block.timestamp,
          },
        });
        expect(attestationDigest(domain, block)).to.equal(expected);
      }),
    );
  });

  it("returns the EIP-712 digest of an answer that viem computes", () => {
    fc.assert(
      fc.property(domains, blocks, bytes(32), (domain, block, node) => {
        const answer: RecordsAnswer = {
          kind: "records",
          name: "shop.hold",
          node,
          block,
          status: { closest: "shop.hold", shardIndex: 7, expiry: 9n },
          results: [{ record: { kind: "contenthash" }, value: null, ttlSeconds: 60 }],
          evidence: { kind: "signature", gatewayId: 1, signature: "0x" },
        };
        const expected = hashTypedData({
          domain: viemDomain(domain),
          types: {
            GatewayAnswer: [
              { name: "node", type: "bytes32" },
              { name: "blockNumber", type: "uint64" },
              { name: "blockHash", type: "bytes32" },
              { name: "contentHash", type: "bytes32" },
            ],
          },
          primaryType: "GatewayAnswer",
          message: { node, blockNumber: block.number, blockHash: block.hash, contentHash: contentHash(answer) },
        });
        expect(answerDigest(domain, answer)).to.equal(expected);
      }),
    );
  });

  it("keeps contents apart that differ in one field", () => {
    const status = { closest: "shop.hold", shardIndex: 7, expiry: 9n } as const;
    const result = { record: { kind: "text", key: "url" }, value: "0x61", ttlSeconds: 60 } as const;
    const hashes = [
      contentHash({ status, results: [result] }),
      contentHash({ status, results: [] }),
      contentHash({ status, results: [{ ...result, value: null }] }),
      contentHash({ status, results: [{ ...result, ttlSeconds: 61 }] }),
      contentHash({ status: { ...status, shardIndex: null }, results: [result] }),
      contentHash({ status: { ...status, closest: null }, results: [result] }),
      contentHash({ status: { ...status, expiry: 10n }, results: [result] }),
    ];
    expect(new Set(hashes).size).to.equal(hashes.length);
  });

  it("returns the newest checkpoint at or below a block", () => {
    expect([0n, 7n, 8n, 17n].map(checkpointOf)).to.deep.equal([0n, 0n, 8n, 16n]);
  });
});
