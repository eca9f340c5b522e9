/** What a drill is about in Korean: phases, what is broken, claims, and who was hurt by an attack. */
import type { BrokenPart, ClaimResult, Phase } from "../../availability/report.ts";
import { milliseconds, percent } from "../../availability/report.ts";
import type { BlastWords, ChartWords } from "./language.ts";

/** Phases of the scenarios that come with Holdfast, by id. */
const PHASES: Readonly<Record<string, string>> = {
  "three-zones": "세 구역 중단",
  "three-stories": "서로 다른 세 가지 말",
  "in-haste": "서두른 갱신",
  before: "이전",
  outage: "장애",
  after: "이후",
  "all-well": "모두 정상",
  "dns-down": "DNS 중단",
  "dns-and-rpc-down": "DNS와 RPC 중단",
  "one-name-attacked": "이름 하나 공격",
  "everything-back": "모두 복구",
  caches: "캐시에 남은 동안",
  calm: "평온",
  "first-hour": "첫 한 시간",
  gone: "철수 뒤",
  "loss-10": "손실 10 %",
  "loss-30": "손실 30 %",
  lull: "소강",
  "second-wave": "두 번째 파도",
  "stale-head": "멈춘 헤드",
  "zone-0": "구역 0",
  "zone-1": "구역 1",
  "zone-2": "구역 2",
  "zone-3": "구역 3",
  all: "전체",
};

const KINDS: Readonly<Record<string, string>> = {
  gateway: "게이트웨이",
  "DNS server": "DNS 서버",
  "RPC provider": "RPC 제공자",
};

const HOW: Readonly<Record<string, string>> = {
  stopped: "정지(SIGSTOP)",
  killed: "강제 종료",
  "cut off": "다른 모든 호스트와 단절",
  flooded: "요청 폭주",
  silent: "무응답",
  refused: "거부",
  servfail: "SERVFAIL 또는 503",
  nxdomain: "거짓 NXDOMAIN",
  empty: "빈 응답",
  wrong: "틀린 응답",
  stale: "멈춘 헤드",
  slow: "지연",
  overloaded: "지연과 과부하",
  loss: "손실",
  rateLimit: "속도 제한",
  crowded: "용량 초과",
  drip: "한 바이트씩 느린 응답",
};

const MEASURES: Readonly<Record<string, string>> = {
  availability: "가용성",
  wrongRatio: "오답 비율",
  staleRatio: "오래된 응답 비율",
  latencyMsP50: "지연 시간 중앙값",
  latencyMsP99: "지연 시간 p99",
  queriesPerProbe: "측정당 질의 수",
};

/** Labels of facts about a run. */
const FACTS: Readonly<Record<string, string>> = {
  "Claims for the simulator alone": "시뮬레이터로만 판정하는 주장",
  "Gateways of the scenario": "시나리오의 게이트웨이",
  Gateways: "게이트웨이",
  Names: "이름",
  Seed: "시드",
  "Start-up": "시작에 걸린 시간",
  "Instrument's longest lateness": "측정 장치가 가장 늦어진 시간",
  "Vantage points": "관측 지점",
  Settings: "설정",
  "Unreadable lines": "읽을 수 없는 줄",
};

/** Steps of a network's start, the longer before those that they contain. */
const STEPS: readonly (readonly [string, string])[] = [
  ["gateways in step", "게이트웨이 동기화"],
  ["RPC providers", "RPC 제공자"],
  ["DNS servers", "DNS 서버"],
  ["contracts", "컨트랙트"],
  ["directory", "디렉터리"],
  ["gateways", "게이트웨이"],
  ["chain", "체인"],
  ["hosts", "호스트"],
  ["names", "이름"],
];

export function koreanFact([label, value]: readonly [string, string]): readonly [string, string] {
  const told = label === "Start-up" ? STEPS.reduce((text, [step, ko]) => text.replaceAll(step, ko), value) : value;
  return [FACTS[label] ?? label, told];
}

export function koreanPhase({ id, title }: Pick<Phase, "id" | "title">): string {
  return PHASES[id] ?? title;
}

function koreanPart({ kind, ids, how, perSecond, nameCount, transport, from }: BrokenPart): string {
  const by = transport === undefined ? "" : `(${transport.toUpperCase()})`;
  const done = how === "stale" && kind === "DNS server" ? "옛 존" : (HOW[how] ?? how);
  const rate = perSecond === undefined ? "" : `(각각 초당 ${Math.round(perSecond)}회)`;
  const names = nameCount === undefined ? "" : `, 이름 ${nameCount}개에만`;
  const seen = from === undefined ? "" : `, ${from.join(", ")}에서만`;
  return `${KINDS[kind] ?? kind} ${ids.join(", ")} ${done}${by}${rate}${names}${seen}`;
}

export function koreanFaults({ faults, broken }: Phase): readonly string[] {
  return broken?.map(koreanPart) ?? faults;
}

function figure(measure: string, value: number): string {
  if (measure.startsWith("latency")) return milliseconds(Number.isFinite(value) ? value : null);
  return measure === "queriesPerProbe" ? String(value) : percent(value);
}

/** A claim that its scenario has in English only is told by what it bounds. */
export function koreanClaim({ text, facts }: ClaimResult): string {
  if (facts === undefined) return text;
  if (facts.kind === "no wrong answer") return "검증되는 경로에서 틀린 응답을 받아들이지 않았다";
  if (facts.kind === "blast") {
    return `공격받은 이름과 기계를 너무 많이 나누는 이름만 피해를 입는다 (gateways, ${koreanPhase({ id: facts.phase, title: facts.phase })})`;
  }
  const { service, phase, vantage, names, measure, min, max } = facts;
  const scope = [
    service,
    koreanPhase({ id: phase, title: phase }),
    ...(vantage === undefined ? [] : [`${vantage}에서`]),
    ...(names === undefined ? [] : [names === "hit" ? "피해가 예상된 이름" : "나머지 이름"]),
  ].join(", ");
  const bounds = [
    ...(min === undefined ? [] : [`${figure(measure, min)} 이상`]),
    ...(max === undefined ? [] : [`${figure(measure, max)} 이하`]),
  ].join(", ");
  const said = `${MEASURES[measure] ?? measure} ${bounds}`;
  return facts.ko === undefined ? `${scope}: ${said}` : `${facts.ko} (${scope}: ${said})`;
}

export function koreanMeasured({ measured, facts }: ClaimResult): string {
  if (facts === undefined) return measured;
  if (facts.kind === "no wrong answer") return `${facts.probes}회 중 오답 ${facts.wrong}회`;
  if (facts.kind === "blast") {
    return `피해 ${percent(facts.measuredHurt)}, 예측 ${percent(facts.predictedHurt)}, 예측 밖 ${facts.unpredicted}개`;
  }
  const { measure, value, probes } = facts;
  return value === null ? "측정된 것이 없음" : `${figure(measure, value)} (측정 ${probes}회)`;
}

export const KOREAN_BLAST: BlastWords = {
  heading: "공격의 피해 범위",
  intro: ({ attacked, stoppedGatewayIds, needed }) =>
    `${attacked}의 게이트웨이 ${stoppedGatewayIds.length}대(${stoppedGatewayIds.join(", ")})를 모두 공격했습니다. ${needed === 1 ? "게이트웨이가 하나만 남아도 이름은 응답합니다" : `이름 하나가 응답하려면 서로 같은 답을 하는 게이트웨이가 ${needed}대 있어야 합니다`}.`,
  hurt: "게이트웨이 경로에서 피해를 입은 이름(공격받은 이름 제외)",
  share: "비율",
  virtual: "예측: 가상 게이트웨이 2,048개, 임의의 이름",
  physical: "예측: 이 기계들, 임의의 이름",
  probed: (count) => `예측: 이 기계들, 측정한 이름 ${count}개`,
  measured: "측정",
  verdict: ({ unpredicted, escaped }) =>
    [
      unpredicted.length === 0
        ? "그 밖에 피해를 입은 이름은 없습니다."
        : `예측과 달리 피해를 입은 이름: ${unpredicted.join(", ")}.`,
      ...(escaped.length === 0 ? [] : [`예측과 달리 피해가 없던 이름: ${escaped.join(", ")}.`]),
    ].join(" "),
  map: "이름별 게이트웨이",
  mapSays: (hurt, names) => `이름별 게이트웨이. 이름 ${names}개 중 ${hurt}개가 피해를 입었습니다.`,
  gateway: (id) => `게이트웨이 ${id}`,
  serves: (id, isStopped, names) => `게이트웨이 ${id}, ${isStopped ? "공격받음" : "정상"}, 이름 ${names}개를 맡음`,
  group: (stopped, names) => `4대 중 ${stopped}대 공격: ${names}개`,
  fate: ({ name, failed, probes, isPredicted }) =>
    `${name}: ${probes}회 중 ${failed}회 실패, 예측은 ${isPredicted ? "피해" : "무사"}`,
};

export const KOREAN_CHART: ChartWords = {
  over: "시간에 따른 경로별 가용성. 수치는 단계별 표에 있습니다.",
  panel: (phase, note) => `${phase} 단계의 지연 시간. ${note}`,
  neverAnswered: (paths) => `응답 없음: ${paths.join(", ")}`,
  line: (path, median, p99) => `${path}: 중앙값 ${median}, 99백분위 ${p99}`,
};
