/** Error budgets and burn rates, after the site-reliability practice of several windows at once. */
import { isRight, type Observation } from "./observation.ts";

export interface BurnWindow {
  /** The alert's name: `page` wakes somebody, `ticket` waits for the morning. */
  readonly severity: "page" | "ticket";
  readonly longMs: number;
  /** The short window must burn as well, so that the alert ends soon after the outage does. */
  readonly shortMs: number;
  /** How many times faster than sustainable the budget must burn. */
  readonly factor: number;
}

const HOUR_MS = 3_600_000;

/** Windows for an objective over 30 days: 2 % of the budget in an hour, 5 % in six, 10 % in three days. */
export const BURN_WINDOWS: readonly BurnWindow[] = [
  { severity: "page", longMs: HOUR_MS, shortMs: HOUR_MS / 12, factor: 14.4 },
  { severity: "page", longMs: 6 * HOUR_MS, shortMs: HOUR_MS / 2, factor: 6 },
  { severity: "ticket", longMs: 72 * HOUR_MS, shortMs: 6 * HOUR_MS, factor: 1 },
];

export interface ErrorBudget {
  readonly objective: number;
  /** Failures the objective allows in as many probes. */
  readonly allowed: number;
  readonly spent: number;
  /** Share of the budget left; negative once it is overspent. */
  readonly remainingRatio: number;
}

export function errorBudget(probes: number, spent: number, objective: number): ErrorBudget {
  const allowed = probes * (1 - objective);
  return { objective, allowed, spent, remainingRatio: allowed === 0 ? 1 : 1 - spent / allowed };
}

/** How many times faster than sustainable the budget burned between `fromMs` and `toMs`; 0 without probes. */
export function burnRate(
  observations: readonly Observation[],
  objective: number,
  fromMs: number,
  toMs: number,
): number {
  const within = observations.filter((observation) => observation.atMs >= fromMs && observation.atMs < toMs);
  if (within.length === 0) return 0;
  return within.filter((observation) => !isRight(observation)).length / within.length / (1 - objective);
}

/** What one pair of windows saw over a run. */
export interface BurnAlarm extends BurnWindow {
  /** Rate over the long and the short window at the run's end; `null` where that window was not whole then. */
  readonly longRate: number | null;
  readonly shortRate: number | null;
  /** The highest rate of a whole long window, and when it ended; `null` where none was whole or nothing burned. */
  readonly peak: { readonly rate: number; readonly atMs: number } | null;
  /** How many times it rang. */
  readonly rings: number;
  /** When it rang, the first of many; `toMs` is `null` where it still did at the end. */
  readonly rang: readonly { readonly fromMs: number; readonly toMs: number | null }[];
}

export interface BurnMeter {
  /** One probe of the path, in order of time; the next one is due within `silenceMs`. */
  note(atMs: number, isRight: boolean, silenceMs: number): void;
  /** Every window as it is after the minute of the last probe. */
  alarms(): BurnAlarm[];
}

const MINUTE_MS = 60_000;
/** A window is whole when at least this share of its minutes was watched. */
const WATCHED_SHARE = 0.9;
const RINGS_KEPT = 100;

interface Minute {
  probes: number;
  failed: number;
  watched: boolean;
}

interface Pane {
  readonly minutes: number;
  probes: number;
  failed: number;
  watched: number;
}

interface AlarmState {
  readonly window: BurnWindow;
  readonly long: Pane;
  readonly short: Pane;
  peak: { rate: number; atMs: number } | null;
  readonly rang: { fromMs: number; toMs: number | null }[];
  rings: number;
  isRinging: boolean;
}

interface MeterState {
  readonly objective: number;
  readonly alarms: readonly AlarmState[];
  /** The latest minutes, as many as the longest window has. */
  readonly ring: Minute[];
  firstMinute: number;
  minute: number;
  /** The minute that has not ended. */
  open: Minute;
}

const emptyMinute = (watched: boolean): Minute => ({ probes: 0, failed: 0, watched });

/** Watches the windows slide over a run, minute by minute: it holds no more than the longest of them. */
export function createBurnMeter(objective: number, windows: readonly BurnWindow[] = BURN_WINDOWS): BurnMeter {
  const pane = (lengthMs: number): Pane => ({ minutes: lengthMs / MINUTE_MS, probes: 0, failed: 0, watched: 0 });
  const alarms = windows.map((window): AlarmState => {
    const panes = { long: pane(window.longMs), short: pane(window.shortMs) };
    return { window, ...panes, peak: null, rang: [], rings: 0, isRinging: false };
  });
  const kept = Math.max(...windows.map(({ longMs }) => longMs / MINUTE_MS));
  let state: MeterState | undefined;
  let last = { atMs: 0, silenceMs: 0 };
  return {
    note(atMs, isRight, silenceMs) {
      const minute = Math.floor(atMs / MINUTE_MS);
      state ??= {
        objective,
        alarms,
        ring: Array.from({ length: kept }, () => emptyMinute(false)),
        firstMinute: minute,
        minute,
        open: emptyMinute(true),
      };
      // After a silence longer than every window nothing is left of what was before.
      if (minute - state.minute > kept + 1) {
        for (let turns = 0; turns <= kept; turns += 1) turn(state, false);
        state.minute = minute;
      }
      while (state.minute < minute) turn(state, atMs - last.atMs <= silenceMs);
      state.open.watched = true;
      state.open.probes += 1;
      if (!isRight) state.open.failed += 1;
      last = { atMs, silenceMs };
    },
    alarms() {
      if (state !== undefined) turn(state, false);
      return alarms.map(({ window, long, short, peak, rang, rings }) => {
        const rates = {
          longRate: state === undefined ? null : rateOf(state, long),
          shortRate: state === undefined ? null : rateOf(state, short),
        };
        return { ...window, ...rates, peak, rings, rang };
      });
    },
  };
}

/** `null` where the window is not whole: the run is shorter, or nobody looked for a part of it. */
function rateOf({ objective, minute, firstMinute }: MeterState, pane: Pane): number | null {
  const { minutes, probes, failed, watched } = pane;
  if (minute - firstMinute < minutes || watched < WATCHED_SHARE * minutes || probes === 0) return null;
  return failed / probes / (1 - objective);
}

/** Shuts the open minute and looks at every window that ends with it. */
function turn(state: MeterState, isNextWatched: boolean): void {
  const { ring, minute, open, alarms } = state;
  for (const pane of alarms.flatMap(({ long, short }) => [long, short])) {
    const old = ring[(minute - pane.minutes + ring.length) % ring.length]!;
    pane.probes += open.probes - old.probes;
    pane.failed += open.failed - old.failed;
    pane.watched += Number(open.watched) - Number(old.watched);
  }
  ring[minute % ring.length] = open;
  state.minute = minute + 1;
  state.open = emptyMinute(isNextWatched);
  const atMs = state.minute * MINUTE_MS;
  for (const alarm of alarms) {
    const [long, short] = [rateOf(state, alarm.long), rateOf(state, alarm.short)];
    if (long !== null && long > (alarm.peak?.rate ?? 0)) alarm.peak = { rate: long, atMs };
    const rings = long !== null && short !== null && Math.min(long, short) >= alarm.window.factor;
    if (rings && !alarm.isRinging) {
      alarm.rings += 1;
      if (alarm.rang.length < RINGS_KEPT) alarm.rang.push({ fromMs: atMs, toMs: null });
    } else if (!rings && alarm.isRinging && alarm.rings <= RINGS_KEPT) alarm.rang.at(-1)!.toMs = atMs;
    alarm.isRinging = rings;
  }
}
