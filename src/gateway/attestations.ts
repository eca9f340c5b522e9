/**
 * What gateways of other operators attest, collected after every checkpoint and handed out with proofs, so that a client whose
 * name has one gateway left still finds as many equal statements as it asks for. Any gateway of the directory will do, of whatever
 * shard: all attest the same checkpoints. Nothing is believed that its own signature, by the key the directory lists, does not show.
 */
import { fromHex, type Hex, isHex } from "../base/bytes.ts";
import { type Clock, type Timer, withDeadline } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { DirectoryGateway } from "../directory/directory.ts";
import { recoverAddressFast } from "../proof/recoverAddressFast.ts";
import type { BlockReference, HeaderAttestation } from "../protocol/answer.ts";
import { attestationDigest } from "../protocol/attestation.ts";
import type { SigningDomain } from "../protocol/eip712.ts";
import type { Replica } from "../replica/replica.ts";
import type { Fetch } from "../replica/source/rpc.ts";
import { blockReferenceOf } from "./evidence.ts";

export interface AttestationsOptions {
  readonly replica: Replica;
  readonly gatewayId: number;
  readonly domain: SigningDomain;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fetch: Fetch;
  /** Operators, besides one's own, whose word is sought. */
  readonly operatorsMax?: number;
}

export interface Attestations {
  /** What others attested of the block of a hash; empty where nothing is known. */
  of(hash: Hex): readonly HeaderAttestation[];
  /** Asks gateways of operators that have not spoken yet about the present checkpoint, once each. */
  collect(): Promise<void>;
  start(): void;
  stop(): void;
}

const OPERATORS_DEFAULT = 4;
/** Gateways asked at a time, and in one round. */
const ASKED_AT_ONCE = 4;
const ASKED_MAX = 16;
const DEADLINE_MS = 1_000;
const BODY_BYTES_MAX = 256 * 1024;
/** Others reach a checkpoint when we do, give or take a block's way; who has not by the last round is not waited for. */
const ROUND_MS = 1_000;
const ROUNDS_MAX = 6;

async function readCheckpoint(options: AttestationsOptions, gateway: DirectoryGateway): Promise<unknown> {
  return await withDeadline(options.clock, DEADLINE_MS, gateway.httpUrl, async (signal) => {
    const response = await options.fetch(`${gateway.httpUrl}/v1/checkpoint`, { signal, redirect: "error" });
    const chunks: Uint8Array[] = [];
    let byteCount = 0;
    for await (const chunk of response.body ?? []) {
      byteCount += chunk.length;
      if (byteCount > BODY_BYTES_MAX) return undefined;
      chunks.push(chunk);
    }
    return response.ok ? JSON.parse(Buffer.concat(chunks).toString("utf8")) : undefined;
  });
}

/** A gateway's own attestation of `block` in what it said about its checkpoint; `undefined` where there is none that holds. */
function attestationIn(
  said: unknown,
  gateway: DirectoryGateway,
  block: BlockReference,
  domain: SigningDomain,
): HeaderAttestation | undefined {
  const { gatewayId, signature } = ((said as { attestation?: unknown } | undefined)?.attestation ?? {}) as {
    readonly gatewayId?: unknown;
    readonly signature?: unknown;
  };
  if (gatewayId !== gateway.id || !isHex(signature) || signature.length !== 132) return undefined;
  const signer = recoverAddressFast(fromHex(attestationDigest(domain, block)), fromHex(signature));
  return signer === gateway.signer.toLowerCase() ? { gatewayId: gateway.id, signature } : undefined;
}

export function createAttestations(options: AttestationsOptions): Attestations {
  const { replica, gatewayId, domain, clock, random, log, operatorsMax = OPERATORS_DEFAULT } = options;
  let known = { hash: "0x" as Hex, byOperator: new Map<string, HeaderAttestation>(), roundCount: 0 };
  let timer: Timer | undefined;
  let isStopped = false;

  const candidates = (): DirectoryGateway[] => {
    const { gateways } = replica.directory;
    const own = gateways.get(gatewayId)?.operator.toLowerCase();
    const open = [...gateways.values()].filter(({ active, operator, id }) => {
      const name = operator.toLowerCase();
      return active && id !== gatewayId && name !== own && !known.byOperator.has(name);
    });
    // In random order, so that a large fleet shares the work.
    for (let at = open.length - 1; at > 0; at -= 1) {
      const other = random.below(at + 1);
      [open[at], open[other]] = [open[other]!, open[at]!];
    }
    return open.slice(0, ASKED_MAX);
  };
  const ask = async (gateway: DirectoryGateway, block: BlockReference): Promise<void> => {
    const said = await readCheckpoint(options, gateway).catch((error: unknown) => {
      log.debug("no attestation", { peer: gateway.httpUrl, reason: messageOf(error) });
    });
    const attestation = attestationIn(said, gateway, block, domain);
    if (attestation !== undefined && known.hash === block.hash) {
      known.byOperator.set(gateway.operator.toLowerCase(), attestation);
    }
  };
  const attestations: Attestations = {
    of: (hash) => (hash === known.hash ? [...known.byOperator.values()] : []),
    async collect() {
      const header = replica.checkpoint?.header;
      if (header === undefined) return;
      if (header.hash !== known.hash) known = { hash: header.hash, byOperator: new Map(), roundCount: 0 };
      if (known.roundCount >= ROUNDS_MAX) return;
      known.roundCount += 1;
      const block = blockReferenceOf(header);
      const asked = candidates();
      while (asked.length > 0 && known.byOperator.size < operatorsMax && !isStopped) {
        await Promise.all(asked.splice(0, ASKED_AT_ONCE).map((gateway) => ask(gateway, block)));
      }
    },
    start() {
      const turn = () => {
        attestations.collect().finally(() => {
          if (!isStopped) timer = clock.schedule(ROUND_MS, turn);
        });
      };
      timer = clock.schedule(ROUND_MS, turn);
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
  return attestations;
}
