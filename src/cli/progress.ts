/** Progress on a terminal as a bar, elsewhere as few lines. */
import { Presets, SingleBar } from "cli-progress";
import type { Terminal } from "./command.ts";

export interface Progress {
  /** `total` 0 where it is not known. */
  update(step: string, done: number, total: number): void;
  /** Ends the line of a bar, so that other text can follow. */
  stop(): void;
}

export function createProgress(terminal: Terminal): Progress {
  let bar: SingleBar | undefined;
  let current = "";
  const stop = () => {
    bar?.stop();
    bar = undefined;
    current = "";
  };
  return {
    stop,
    update(step, done, total) {
      if (total === 0) return;
      if (!terminal.interactive) {
        if (done === total) terminal.err(`${step}: ${done} of ${total}\n`);
        return;
      }
      if (step !== current) {
        stop();
        current = step;
        bar = new SingleBar({ format: `${step} {bar} {value} of {total}`, hideCursor: true }, Presets.shades_grey);
        bar.start(total, done);
      }
      bar?.update(done);
      if (done === total) stop();
    },
  };
}
