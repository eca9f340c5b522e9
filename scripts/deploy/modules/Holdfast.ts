/** The one definition of a deployment (Hardhat Ignition): every contract, and who may do what. */
import { buildModule } from "@nomicfoundation/ignition-core";
import { toFunctionSelector, zeroAddress } from "viem";
import { FEED_AGE_SECONDS_MAX, FIXED_FEED } from "../../../src/chain/deploy.ts";

/** The roles of the AccessManager. Role 0, its admin, may do what no other role is named for. */
export const ROLES = { fleet: 1n, isolation: 2n } as const;

const FLEET_FUNCTIONS = [
  "registerGateway((address,address,uint8,string,string))",
  "retireGateway(uint16)",
  "seedZone(uint8,uint256[32])",
  "joinZone(uint16,uint256[2])",
  "leaveZone(uint16,bytes)",
].map((signature) => toFunctionSelector(signature));

const ISOLATION_FUNCTIONS = [
  "assignReservedSlot(uint8,uint8,uint16)",
  "isolate(bytes32,uint32)",
  "release(bytes32)",
].map((signature) => toFunctionSelector(signature));

export interface HoldfastOptions {
  /** Chainlink-shaped feed of the price of one ether in USD; a feed that always says 2,000 USD where it is left out. */
  readonly priceFeed?: string | undefined;
  /** Who holds the admin role afterwards; the deployer, which then keeps all power, where it is left out. */
  readonly admin?: string | undefined;
}

/** The module of a chain with a price feed, or of a development chain, which gets one of its own. */
export function createHoldfastModule(options: HoldfastOptions = {}) {
  return buildModule("Holdfast", (m) => {
    const deployer = m.getAccount(0);
    const tld = m.getParameter("tld", "hold");
    const fleet = m.getParameter("fleet", deployer);
    const isolation = m.getParameter("isolation", deployer);
    const treasury = m.getParameter("treasury", deployer);
    /** In seconds: how long a change of the fleet is announced before it is made. */
    const fleetDelay = m.getParameter("fleetDelaySeconds", 0);
    const adminDelay = m.getParameter("adminDelaySeconds", 0);

    const accessManager = m.contract("AccessManager", [deployer]);
    const renderer = m.contract("TokenRenderer", []);
    // Code for the registry to run on its own storage; what this contract itself stores does not matter.
    const registryCode = m.contract("NameRegistry", [tld, zeroAddress, zeroAddress, zeroAddress, renderer], {
      id: "RegistryCode",
    });
    const priceFeed = options.priceFeed
      ? m.contractAt("IAggregatorV3", options.priceFeed, { id: "PriceFeed" })
      : m.contract("MockPriceFeed", [FIXED_FEED.decimals, FIXED_FEED.answer]);
    const genesis = m.contract("Genesis", [
      {
        tldLabel: tld,
        governance: accessManager,
        registryCode,
        priceFeed,
        maxFeedAge: FEED_AGE_SECONDS_MAX,
        treasury,
      },
    ]);
    const reverseRegistrar = m.contractAt("ReverseRegistrar", m.staticCall(genesis, "reverseRegistrar"));
    const registry = m.contractAt("NameRegistry", m.staticCall(genesis, "registry"));
    const controller = m.contractAt("RegistrarController", m.staticCall(genesis, "controller"));
    // The code that the controller runs for what it has no short way to; for the verification of its source.
    m.contractAt("RegistrarController", m.staticCall(genesis, "controllerCode"), { id: "ControllerCode" });
    const directory = m.contract("GatewayDirectory", [accessManager, registry]);
    const universalResolver = m.contract("UniversalResolver", [registry, reverseRegistrar]);
    const offchainResolver = m.contract("OffchainResolver", [registry, directory]);

    const steps = [
      m.call(accessManager, "setTargetFunctionRole", [directory, FLEET_FUNCTIONS, ROLES.fleet], {
        id: "fleetFunctions",
      }),
      m.call(accessManager, "setTargetFunctionRole", [directory, ISOLATION_FUNCTIONS, ROLES.isolation], {
        id: "isolationFunctions",
      }),
      m.call(accessManager, "grantRole", [ROLES.fleet, fleet, fleetDelay], { id: "fleetRole" }),
      m.call(accessManager, "grantRole", [ROLES.isolation, isolation, 0], { id: "isolationRole" }),
      m.call(accessManager, "labelRole", [ROLES.fleet, "fleet"], { id: "fleetLabel" }),
      m.call(accessManager, "labelRole", [ROLES.isolation, "isolation"], { id: "isolationLabel" }),
    ];
    // Last, since from here on the deployer has no power, or only that of announcing its acts.
    const handover = m.call(accessManager, "grantRole", [0n, options.admin ?? deployer, adminDelay], {
      id: "adminRole",
      after: steps,
    });
    if (options.admin) m.call(accessManager, "renounceRole", [0n, deployer], { id: "handover", after: [handover] });

    return {
      registry,
      controller,
      priceFeed,
      directory,
      reverseRegistrar,
      universalResolver,
      offchainResolver,
      accessManager,
    };
  });
}
