/** Plans in the form in which the directory contract takes them. */
import { type Hex, toHex } from "../base/bytes.ts";
import type { FleetChange, Move } from "./plan.ts";
import { ORDINARY_SLOT_COUNT } from "./shard.ts";

/** A call of the directory that a plan needs. */
export type DirectoryCall =
  /** All slots of an ordinary join: a set of 512 bits, slot s being bit `s & 255` of word `s >> 8`. */
  | { readonly method: "joinZone"; readonly gatewayId: number; readonly slotSet: readonly [bigint, bigint] }
  /** Two bytes for each slot the gateway leaves, in ascending order: who takes it. */
  | { readonly method: "leaveZone"; readonly gatewayId: number; readonly successors: Hex }
  /** One slot of the isolation range; `reservedSlot` counts from 512. */
  | {
      readonly method: "assignReservedSlot";
      readonly zone: number;
      readonly reservedSlot: number;
      readonly gatewayId: number;
    };

/**
 * The calls that carry out a plan: one `joinZone` or `leaveZone` for the ordinary slots, then one `assignReservedSlot` for each
 * reserved one. `undefined` where weights come in: the directory on chain keeps a zone's gateways even.
 *
 * All calls of one plan can be sent at once. The directory takes the next plan of the same zone when the handover is over, five
 * minutes later, as a slot remembers one former holder; plans of other zones do not wait.
 *
 * @example
 * ```ts
 * directoryCallsOf(change, planChange(placement, change, { seed: 1 }).moves);
 * ```
 */
export function directoryCallsOf(change: FleetChange, moves: readonly Move[]): readonly DirectoryCall[] | undefined {
  if (change.kind === "weigh" || (change.kind === "join" && (change.gateway.weight ?? 1) !== 1)) return undefined;
  const ordinary = moves.filter((move) => move.slot < ORDINARY_SLOT_COUNT);
  const reserved = moves
    .filter((move) => move.slot >= ORDINARY_SLOT_COUNT)
    .map(({ zone, slot, to }) => ({
      method: "assignReservedSlot" as const,
      zone,
      reservedSlot: slot - ORDINARY_SLOT_COUNT,
      gatewayId: to,
    }));
  if (ordinary.length === 0) return reserved;
  const call = change.kind === "join" ? joinCall(change.gateway.id, ordinary) : leaveCall(change.gatewayId, ordinary);
  return [call, ...reserved];
}

function joinCall(gatewayId: number, moves: readonly Move[]): DirectoryCall {
  const words: [bigint, bigint] = [0n, 0n];
  for (const { slot } of moves) words[slot >> 8 === 0 ? 0 : 1] |= 1n << BigInt(slot & 255);
  return { method: "joinZone", gatewayId, slotSet: words };
}

function leaveCall(gatewayId: number, moves: readonly Move[]): DirectoryCall {
  const successors = new Uint8Array(moves.length * 2);
  [...moves]
    .sort((one, other) => one.slot - other.slot)
    .forEach(({ to }, position) => {
      successors[2 * position] = to >> 8;
      successors[2 * position + 1] = to & 255;
    });
  return { method: "leaveZone", gatewayId, successors: toHex(successors) };
}
