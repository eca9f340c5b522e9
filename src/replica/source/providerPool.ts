/**
 * Several RPC providers, of which some may be gone, behind, on a fork or lying. A head is believed when enough of them have
 * the same hash at the same height and no other hash there has as many: numbers can be claimed, hashes have to match.
 */
import type { Clock } from "../../base/clock.ts";
import { BaseError, messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { BlockHeader, ChainSource } from "./chainSource.ts";
import { DishonestProviderError } from "./rpcSource.ts";

export type ProviderState = "unknown" | "agreeing" | "lagging" | "forked" | "suspected" | "unreachable";

/** What is known of one provider, for logs and metrics. */
export interface ProviderReport {
  readonly label: string;
  readonly state: ProviderState;
  /** The newest block it claimed; `null` before its first answer. */
  readonly headNumber: number | null;
}

/** A head that enough providers agree on, and those providers. */
export interface AgreedHead {
  readonly header: BlockHeader;
  readonly sources: readonly ChainSource[];
}

export interface ProviderPoolOptions {
  readonly sources: readonly ChainSource[];
  readonly clock: Clock;
  readonly log: Log;
  /** How many must agree on a head. Default: 2 of three or more, else 1. */
  readonly agreement?: number;
  /** A provider this many blocks behind the agreed head is called lagging. */
  readonly lagBlocksMax?: number;
  /** How long a provider whose data turned out wrong is left alone, in milliseconds. */
  readonly suspicionMs?: number;
}

export class NoProviderError extends BaseError {
  override readonly name = "Replica.NoProviderError";
  constructor(asked: number, needed: number, reasons: readonly string[]) {
    super("REPLICA_NO_PROVIDER", `Of ${asked} RPC providers fewer than the ${needed} needed gave an answer.`, {
      metaMessages: reasons,
      retriable: true,
    });
  }
}

export class ProvidersDisagreeError extends BaseError {
  override readonly name = "Replica.ProvidersDisagreeError";
  constructor(height: number, votes: readonly string[]) {
    super("REPLICA_PROVIDERS_DISAGREE", `The RPC providers disagree about block ${height}.`, {
      metaMessages: votes,
      retriable: true,
    });
  }
}

interface Member {
  readonly source: ChainSource;
  state: ProviderState;
  headNumber: number | null;
  suspectedUntilMs: number;
}

/** The providers of one replica. */
export class ProviderPool {
  readonly #options: Required<Omit<ProviderPoolOptions, "sources" | "agreement">>;
  #members: readonly Member[] = [];
  #agreement = 1;

  constructor(options: ProviderPoolOptions) {
    this.#options = { lagBlocksMax: 3, suspicionMs: 60_000, ...options };
    this.replace(options.sources, options.agreement);
  }

  /** Asks these providers from now on; what is known of those that stay is kept. */
  replace(sources: readonly ChainSource[], agreement?: number): void {
    this.#agreement = agreement ?? (sources.length >= 3 ? 2 : 1);
    this.#members = sources.map(
      (source) =>
        this.#members.find((member) => member.source === source) ?? {
          source,
          state: "unknown",
          headNumber: null,
          suspectedUntilMs: 0,
        },
    );
  }

  /** How many must agree on a head. */
  get agreement(): number {
    return this.#agreement;
  }

  reports(): readonly ProviderReport[] {
    return this.#members.map(({ source, state, headNumber }) => ({ label: source.label, state, headNumber }));
  }

  /** Leaves a provider out for a while: what it said was wrong. */
  suspect(source: ChainSource, reason: string): void {
    const member = this.#members.find((each) => each.source === source);
    if (member === undefined) return;
    member.suspectedUntilMs = this.#options.clock.monotonicMs() + this.#options.suspicionMs;
    this.#move(member, "suspected", reason);
  }

  /**
   * The highest block that enough providers have reached and agree on. Throws `NoProviderError` when too few answer,
   * `ProvidersDisagreeError` when no hash has the majority.
   */
  async head(): Promise<AgreedHead> {
    const agreement = this.#agreement;
    const reasons: string[] = [];
    const answers = await this.#ask(this.#trusted(), "latest", reasons);
    if (answers.length < agreement) throw new NoProviderError(this.#members.length, agreement, reasons);
    for (const { member, header } of answers) member.headNumber = header.number;
    answers.sort((left, right) => right.header.number - left.header.number);
    const height = answers[agreement - 1]!.header.number;
    const reached = answers.filter(({ header }) => header.number >= height);
    const atHeight = reached.filter(({ header }) => header.number === height);
    const above = reached.filter(({ header }) => header.number > height).map(({ member }) => member);
    const voters = [...atHeight, ...(await this.#ask(above, height, reasons))];
    const winner = this.#count(height, voters);
    for (const { member, header } of answers) {
      if (header.number < height - this.#options.lagBlocksMax) this.#move(member, "lagging", `at ${header.number}`);
    }
    const agreeing = voters.filter(({ header }) => header.hash === winner.hash).map(({ member }) => member);
    for (const member of agreeing) this.#move(member, "agreeing", `at ${height}`);
    return { header: winner, sources: agreeing.map(({ source }) => source) };
  }

  #trusted(): readonly Member[] {
    const nowMs = this.#options.clock.monotonicMs();
    const trusted = this.#members.filter(({ suspectedUntilMs }) => suspectedUntilMs <= nowMs);
    // With nobody else left, a suspect is asked again: its next lie will be found out as the first was.
    return trusted.length > 0 ? trusted : this.#members;
  }

  #count(height: number, voters: readonly { member: Member; header: BlockHeader }[]): BlockHeader {
    const votes = new Map<string, { member: Member; header: BlockHeader }[]>();
    for (const vote of voters) votes.set(vote.header.hash, [...(votes.get(vote.header.hash) ?? []), vote]);
    const ranked = [...votes.values()].sort((left, right) => right.length - left.length);
    const [first = [], second = []] = ranked;
    const winner = first[0]?.header;
    if (winner === undefined || first.length < this.#agreement || first.length === second.length) {
      const lines = ranked.map(
        (group) => `${group[0]?.header.hash}: ${group.map(({ member }) => member.source.label).join(", ")}`,
      );
      throw new ProvidersDisagreeError(height, lines);
    }
    for (const { member, header } of ranked.slice(1).flat())
      this.#move(member, "forked", `${header.hash} at ${height}`);
    return winner;
  }

  async #ask(
    members: readonly Member[],
    at: number | "latest",
    reasons: string[],
  ): Promise<{ member: Member; header: BlockHeader }[]> {
    const answers = await Promise.all(
      members.map(async (member) => {
        try {
          const header = await member.source.header(at);
          if (header !== null) return [{ member, header }];
          reasons.push(`${member.source.label}: has no block ${at}`);
        } catch (error) {
          reasons.push(`${member.source.label}: ${messageOf(error)}`);
          if (error instanceof DishonestProviderError) this.suspect(member.source, messageOf(error));
          else this.#move(member, "unreachable", messageOf(error));
        }
        return [];
      }),
    );
    return answers.flat();
  }

  #move(member: Member, state: ProviderState, reason: string): void {
    if (member.state === state) return;
    const level = state === "agreeing" ? "info" : "warn";
    this.#options.log[level]("provider", { provider: member.source.label, from: member.state, to: state, reason });
    member.state = state;
  }
}
