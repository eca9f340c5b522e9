import { expect } from "chai";
import { bytesToHex, getAddress, type Hex, hexToBytes, toFunctionSelector, toHex, zeroAddress } from "viem";
import { nodeOf, refuses, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const TOKEN = BigInt(NODE);
const DAY = 86_400n;
const RECEIVED: Hex = "0x150b7a02";
const JSON_PREFIX = "data:application/json;base64,";
const SVG_PREFIX = "data:image/svg+xml;base64,";
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&" };

/** The wire form of labels given as bytes, which need not be text. */
function wireOf(...labels: readonly Uint8Array[]): Hex {
  return bytesToHex(Uint8Array.from([...labels.flatMap((label) => [label.length, ...label]), 0]));
}
const bytesOf = (text: string) => new TextEncoder().encode(text);
const decode = (uri: string, prefix: string) => {
  expect(uri.slice(0, prefix.length)).to.equal(prefix);
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(uri.slice(prefix.length), "base64"));
};

/** The texts of an XML document; fails where it is not well-formed: a reader of elements, attributes, text and three entities. */
function textsOf(xml: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  const token = /<\/([a-z]+)>|<([a-z]+)((?: [a-zA-Z-]+="[^"<&]*")*)(\/?)>|([^<]+)/y;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const [, closed, opened, , empty, text] = token.exec(xml) ?? expect.fail(`not XML from ${xml.slice(at, at + 40)}`);
    if (closed) expect(open.pop()).to.equal(closed);
    if (opened && !empty) open.push(opened);
    if (text === undefined) continue;
    // Tab, line feed, carriage return, and what lies above the controls; never U+FFFE and U+FFFF.
    expect(text).to.match(/^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
    texts.push(text.replace(/&(\w*;?)/g, (_, name: string) => ENTITIES[name.slice(0, -1)] ?? expect.fail(`&${name}`)));
  }
  expect(open).to.deep.equal([]);
  return texts;
}

describe("tokens", () => {
  const world = useHoldfast(({ register, alice }) => register({ label: "shop", owner: alice.account.address }));
  const alice = () => ({ account: world().alice.account });
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, world().registry, error, values);

  describe("safeTransferFrom", () => {
    const give = (to: Hex, data?: Hex) => {
      const from = world().alice.account.address;
      const { write } = world().registry;
      return data
        ? write.safeTransferFrom([from, to, TOKEN, data], alice())
        : write.safeTransferFrom([from, to, TOKEN], alice());
    };

    it("hands a token to accounts, and to contracts that take it, with the data", async () => {
      const { registry, bob, viem } = world();
      const receiver = await viem.deployContract("MockTokenReceiver", [RECEIVED]);
      await give(receiver.address, "0x1234");
      expect(await registry.read.ownerOf([TOKEN])).to.equal(getAddress(receiver.address));
      expect(await receiver.read.lastData()).to.equal("0x1234");
      expect(await registry.read.balanceOf([receiver.address])).to.equal(1n);
      expect(await registry.read.balanceOf([world().alice.account.address])).to.equal(0n);
      expect(bob.account.address).to.not.equal(receiver.address);
    });

    it("reverts for contracts that answer something else, know no tokens, or refuse this one", async () => {
      const { viem, feed, bob } = world();
      const wrong = await viem.deployContract("MockTokenReceiver", ["0x12345678"]);
      await refused(give(wrong.address), "ERC721InvalidReceiver", getAddress(wrong.address));
      await refused(give(feed.address), "ERC721InvalidReceiver", getAddress(feed.address));
      const unwilling = await viem.deployContract("MockTokenReceiver", ["0x00000000"]);
      await refuses(world(), give(unwilling.address), unwilling, "ReceiverUnwilling", [TOKEN]);
      await give(bob.account.address);
    });
  });

  describe("transferFrom", () => {
    it("reverts for another owner, the zero receiver, and a token that is not there", async () => {
      const { registry, bob, alice: holder, time } = world();
      const move = (from: Hex, to: Hex, token = TOKEN) => registry.write.transferFrom([from, to, token], alice());
      const own = getAddress(holder.account.address);
      await refused(
        move(bob.account.address, own),
        "ERC721IncorrectOwner",
        getAddress(bob.account.address),
        TOKEN,
        own,
      );
      await refused(move(own, zeroAddress), "ERC721InvalidReceiver", zeroAddress);
      await refused(move(own, own, 7n), "ERC721NonexistentToken", 7n);
      await time.increase(YEAR_SECONDS);
      await refused(move(own, bob.account.address), "ERC721NonexistentToken", TOKEN);
    });
  });

  describe("balanceOf and the views", () => {
    it("revert for the zero account and for tokens that are not there", async () => {
      const { registry } = world();
      await refused(registry.read.balanceOf([zeroAddress]), "ERC721InvalidOwner", zeroAddress);
      await refused(registry.read.ownerOf([7n]), "ERC721NonexistentToken", 7n);
      await refused(registry.read.getApproved([7n]), "ERC721NonexistentToken", 7n);
      await refused(registry.read.tokenURI([7n]), "ERC721NonexistentToken", 7n);
    });

    it("tell what the collection is and which interfaces it has", async () => {
      const { registry } = world();
      expect(await registry.read.name()).to.equal("Holdfast");
      expect(await registry.read.symbol()).to.equal("HOLD");
      // Each is the exclusive or of its functions' selectors (ERC-165); of a profile those that read it.
      const interfaces = [
        ["supportsInterface(bytes4)"],
        ["0x80ac58cd", "ERC-721"],
        ["0x5b5e139f", "its metadata"],
        ["addr(bytes32)"],
        ["addr(bytes32,uint256)"],
        ["hasAddr(bytes32,uint256)"],
        ["text(bytes32,string)"],
        ["contenthash(bytes32)"],
        ["name(bytes32)"],
        ["ABI(bytes32,uint256)"],
        ["pubkey(bytes32)"],
        ["interfaceImplementer(bytes32,bytes4)"],
        ["data(bytes32,string)"],
        ["dnsRecord(bytes32,bytes32,uint16)"],
        ["zonehash(bytes32)"],
        ["recordVersions(bytes32)"],
        ["resolve(bytes,bytes)"],
        ["supportsFeature(bytes4)"],
        ["multicall(bytes[])", "multicallWithNodeCheck(bytes32,bytes[])"],
      ];
      for (const functions of interfaces) {
        const selectors = functions[0]!.startsWith("0x")
          ? [functions[0] as Hex]
          : functions.map((signature) => toFunctionSelector(signature));
        const id = toHex(
          selectors.reduce((sum, selector) => sum ^ BigInt(selector), 0n),
          { size: 4 },
        );
        expect(await registry.read.supportsInterface([id]), functions.join(", ")).to.equal(true);
      }
      for (const id of ["0xffffffff", "0x00000000", "0x780e9d63", "0x4cb7724c", "0xe32954eb"] as const) {
        expect(await registry.read.supportsInterface([id]), id).to.equal(false);
      }
    });
  });

  describe("sweep", () => {
    it("burns a lapsed name's token, once, when its grace period is over", async () => {
      const { registry, time, viem, alice: holder } = world();
      const free = (await registry.read.expiryOf([NODE])) + 90n * DAY;
      await refused(registry.write.sweep([NODE]), "RegistryNameTaken", NODE, free);
      await time.increaseTo(free - 2n);
      await refused(registry.write.sweep([NODE]), "RegistryNameTaken", NODE, free);
      await time.increaseTo(free);
      const call = registry.write.sweep([NODE]);
      await viem.assertions.emitWithArgs(call, registry, "Transfer", [
        getAddress(holder.account.address),
        zeroAddress,
        TOKEN,
      ]);
      expect(await registry.read.balanceOf([holder.account.address])).to.equal(0n);
      await refused(registry.write.sweep([NODE]), "RegistryNotLeased", NODE);
      // A swept name can be registered like any that is free, and its former holder does not count twice.
      await time.increase(21n * DAY);
      await world().register({ label: "shop", owner: world().bob.account.address });
      expect(await registry.read.balanceOf([world().bob.account.address])).to.equal(1n);
    });

    it("burns a lapsed subname's at once, and refuses what is no token", async () => {
      const { registry, time, bob } = world();
      const expiry = BigInt(await time.latest()) + 30n * DAY;
      await registry.write.issueSubname([NODE, "stall", bob.account.address, expiry, 0n], alice());
      const stall = nodeOf("stall.shop.hold");
      await refused(registry.write.sweep([stall]), "RegistryNameTaken", stall, expiry);
      await time.increaseTo(expiry);
      await registry.write.sweep([stall]);
      expect(await registry.read.balanceOf([bob.account.address])).to.equal(0n);
      await registry.write.createSubname([NODE, "www", bob.account.address], alice());
      for (const node of [nodeOf("www.shop.hold"), nodeOf("none.hold"), nodeOf("hold")]) {
        await refused(registry.write.sweep([node]), "RegistryNotLeased", node);
      }
    });
  });

  describe("tokenURI", () => {
    const metadata = async (token = TOKEN) => {
      const json = JSON.parse(decode(await world().registry.read.tokenURI([token]), JSON_PREFIX));
      return { ...json, texts: textsOf(decode(json.image, SVG_PREFIX)) };
    };
    /** The token of a name under the TLD whose label is any bytes, drawn by the renderer itself. */
    const draw = async (label: Uint8Array) => {
      const { renderer, registry } = world();
      const name = wireOf(label, bytesOf("hold"));
      const uri = await renderer.read.tokenURI([NODE, name, await registry.read.nameWord([NODE])]);
      const json = JSON.parse(decode(uri, JSON_PREFIX));
      return {
        name: json.name as string,
        texts: textsOf(decode(json.image, SVG_PREFIX)),
        image: decode(json.image, SVG_PREFIX),
      };
    };

    it("shows the node until the name is published, then the name, its expiry and its shard index", async () => {
      const { registry } = world();
      const before = await metadata();
      expect(before.name).to.equal(NODE);
      expect(before.texts).to.deep.equal([NODE, "shard index 0"]);
      await registry.write.publishName([wireOf(bytesOf("shop"), bytesOf("hold"))]);
      const { name, texts, attributes } = await metadata();
      expect(name).to.equal("shop.hold");
      expect(texts).to.deep.equal(["shop.hold", "shard index 0"]);
      expect(attributes).to.deep.equal([
        { display_type: "date", trait_type: "Expiry", value: Number(await registry.read.expiryOf([NODE])) },
        { display_type: "number", trait_type: "Shard index", value: 0 },
      ]);
    });

    it("shows no shard index for an emancipated subname", async () => {
      const { registry, bob } = world();
      const expiry = await registry.read.expiryOf([NODE]);
      await registry.write.issueSubname([NODE, "stall", bob.account.address, expiry, 0n], alice());
      await registry.write.publishName([wireOf(bytesOf("stall"), bytesOf("shop"), bytesOf("hold"))]);
      const { name, texts, attributes } = await metadata(BigInt(nodeOf("stall.shop.hold")));
      expect(name).to.equal("stall.shop.hold");
      expect(texts).to.deep.equal(["stall.shop.hold", "emancipated subname"]);
      expect(attributes).to.have.length(1);
    });

    const odd = [
      "<script>alert(1)</script>",
      '"},"image":"x',
      "a&amp;b&",
      "\\\\\"'",
      "]]>-->",
      "字🦊é",
      "tab\there",
      "line\nbreak",
      "\u0001\u001f\u007f\u0085",
    ];
    for (const label of odd) {
      it(`is valid JSON with a valid image, and says no more than the name ${JSON.stringify(label)}`, async () => {
        // Controls become spaces in both.
        const shown = `${[...label].map((character) => (character < " " ? " " : character)).join("")}.hold`;
        const { name, texts } = await draw(bytesOf(label));
        expect(name).to.equal(shown);
        expect(texts[0]).to.equal(shown);
      });
    }

    it("shrinks with the name, up to the longest there is", async () => {
      const size = async (...labels: readonly string[]) => {
        const { renderer, registry } = world();
        const uri = await renderer.read.tokenURI([
          NODE,
          wireOf(...labels.map(bytesOf)),
          await registry.read.nameWord([NODE]),
        ]);
        const json = JSON.parse(decode(uri, JSON_PREFIX));
        const svg = decode(json.image, SVG_PREFIX);
        expect(json.name).to.equal(labels.join("."));
        expect(textsOf(svg)[0]).to.equal(labels.join("."));
        return Number(/font-size="(\d+)"/.exec(svg)?.[1]);
      };
      const long = "x".repeat(63);
      expect(await size("a".repeat(10), "hold")).to.equal(32);
      expect(await size("a".repeat(11), "hold")).to.equal(32);
      expect(await size("a".repeat(27), "hold")).to.equal(16);
      expect(await size("a".repeat(59), "hold")).to.equal(8);
      expect(await size(long, "hold")).to.equal(8);
      expect(await size(long, long, long, "x".repeat(61))).to.equal(8);
    });

    it("shows the node for a name that is no text: no UTF-8, or characters that XML has not", async () => {
      const broken: readonly (readonly number[])[] = [
        [0x80],
        [0xc1, 0x80],
        [0xc3],
        [0xc3, 0x28],
        [0xe0, 0x80, 0x80],
        [0xe2, 0x82],
        [0xe2, 0x28, 0xa1],
        [0xe2, 0x82, 0x28],
        [0xed, 0xa0, 0x80],
        [0xed, 0xbf, 0xbf],
        [0xef, 0xbf, 0xbe],
        [0xef, 0xbf, 0xbf],
        [0xf0, 0x8f, 0xbf, 0xbf],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf5, 0x80, 0x80, 0x80],
        [0xff],
      ];
      for (const bytes of broken) {
        const { name, texts } = await draw(Uint8Array.from([0x61, ...bytes]));
        expect(name, String(bytes)).to.equal(NODE);
        expect(texts[0]).to.equal(NODE);
      }
    });

    it("shows the node for a name that ends within a character", async () => {
      const { renderer, registry } = world();
      for (const label of [[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0xa6]]) {
        const word = await registry.read.nameWord([NODE]);
        const uri = await renderer.read.tokenURI([NODE, wireOf(Uint8Array.from(label)), word]);
        expect(JSON.parse(decode(uri, JSON_PREFIX)).name).to.equal(NODE);
      }
    });

    it("shows the outermost characters that are text", async () => {
      for (const character of [0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x10ffff]) {
        const text = String.fromCodePoint(character);
        expect((await draw(bytesOf(text))).name, character.toString(16)).to.equal(`${text}.hold`);
      }
    });

    it("shows the node for no name and for the root's", async () => {
      const { renderer, registry } = world();
      const word = await registry.read.nameWord([NODE]);
      for (const name of ["0x", "0x00"] as const) {
        const json = JSON.parse(decode(await renderer.read.tokenURI([NODE, name, word]), JSON_PREFIX));
        expect(json.name).to.equal(NODE);
      }
    });
  });

  describe("publishName", () => {
    it("keeps the name for everybody to read, and refuses what is no wire name", async () => {
      const { registry, bob } = world();
      const name = wireOf(bytesOf("shop"), bytesOf("hold"));
      await registry.write.publishName([name], { account: bob.account });
      expect(await registry.read.publishedName([NODE])).to.equal(name);
      for (const bad of ["0x", "0x01", "0x0161", "0x016100ff", bytesToHex(hexToBytes(name).slice(0, -1))] as const) {
        await refuses(world(), registry.write.publishName([bad]), DNS_ERRORS(), "DNSDecodingFailed", [bad]);
      }
    });
    const DNS_ERRORS = () => ({
      address: world().registry.address,
      abi: [{ type: "error", name: "DNSDecodingFailed", inputs: [{ name: "dns", type: "bytes" }] }] as const,
    });
  });
});
