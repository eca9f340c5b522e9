import { expect } from "chai";
import { assert, BaseError, InvariantError, messageOf } from "../../src/base/errors.ts";

describe("base/errors", () => {
  it("keeps code, sentence, extra lines and cause", () => {
    const cause = new Error("socket closed");
    const error = new BaseError("X_CODE", "It failed.", { cause, metaMessages: ["Do this."], retriable: true });
    expect(error).to.include({ code: "X_CODE", shortMessage: "It failed.", retriable: true, cause });
    expect(error.message).to.equal("It failed.\nDo this.");
  });

  it("walks down to the error that matches", () => {
    const root = new RangeError("deep");
    const error = new BaseError("A", "a", { cause: new BaseError("B", "b", { cause: root }) });
    expect(error.walk((item) => item instanceof RangeError)).to.equal(root);
    expect(error.walk((item) => item === error)).to.equal(error);
    expect(error.walk(() => false)).to.equal(undefined);
  });

  it("never hangs on a cyclic cause chain", () => {
    const error = new BaseError("A", "a");
    Object.defineProperty(error, "cause", { value: error });
    expect(error.walk(() => false)).to.equal(undefined);
  });

  it("throws an InvariantError when an assertion does not hold", () => {
    expect(() => assert(false, "k is 4")).to.throw(InvariantError, "k is 4");
    assert(true, "fine");
  });

  it("returns one line of text for anything thrown", () => {
    expect(messageOf(new BaseError("A", "short", { metaMessages: ["long"] }))).to.equal("short");
    expect(messageOf(new Error("first\nsecond"))).to.equal("first");
    expect(messageOf("text")).to.equal("text");
  });
});
