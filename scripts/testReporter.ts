/** Mocha's own `spec` reporter, which at the end also writes its counts as JSON where HOLDFAST_TEST_STATS says. */
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

export default class StatsReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once("end", () => {
      const path = process.env.HOLDFAST_TEST_STATS;
      if (path) writeFileSync(path, JSON.stringify(this.stats));
    });
  }
}
