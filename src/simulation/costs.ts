/** What each kind of service costs, by the scenario's stated prices: standing, by the lookup, and by the name. */
import type { Scenario, Service } from "./scenario.ts";
import type { TallySummary } from "./tally.ts";

export interface ServiceCost {
  readonly service: string;
  /** US dollars a month for one name, before anybody asks. */
  readonly standingPerMonth: number;
  /** US dollars for a million lookups, when all is well and in the worst phase. */
  readonly perMillionLookups: { readonly calm: number; readonly worst: number };
  /** US dollars of gas: once, and each year after. */
  readonly registration: number;
  readonly renewalPerYear: number;
}

/**
 * The cost of one name run in this way. `summaries` are the service's phases; the calmest and the dearest one set the price of
 * lookups, since a client that has to ask around asks more.
 */
export function costOf(scenario: Scenario, service: Service, summaries: readonly TallySummary[]): ServiceCost {
  const { prices } = scenario;
  const isRegistered = service.gateways || service.chain;
  const gas = (units: number) => (isRegistered ? (units * prices.gasPriceGwei * prices.etherUsd) / 1e9 : 0);
  const fleet = service.gateways
    ? (scenario.topology.gateways.count * prices.gatewayPerMonth) / prices.namesPerFleet
    : 0;
  const lookups = summaries
    .filter((summary) => summary.probes > 0)
    .map(({ queriesPerProbe }) => {
      return queriesPerProbe.dns * prices.dnsPerMillionQueries + queriesPerProbe.chain * prices.rpcPerMillionCalls;
    });
  return {
    service: service.id,
    standingPerMonth: service.dns.length * prices.dnsZonePerMonth + fleet,
    perMillionLookups: { calm: Math.min(...lookups), worst: Math.max(...lookups) },
    registration: gas(prices.registrationGas),
    renewalPerYear: gas(prices.renewalGas),
  };
}
