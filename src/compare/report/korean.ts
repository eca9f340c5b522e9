/** The report's labels and sentences in Korean. */
import { milliseconds, percent, percentUp } from "../../availability/report.ts";
import { NOTHING } from "../watch/sample.ts";
import type { ReportData } from "./data.ts";
import {
  KOREAN_BLAST,
  KOREAN_CHART,
  koreanClaim,
  koreanFact,
  koreanFaults,
  koreanMeasured,
  koreanPhase,
} from "./koreanDrill.ts";
import type { Words } from "./language.ts";

function verdict(data: ReportData): string {
  const probes = data.probes - data.voided;
  if (data.kind === "watch") {
    const raised = data.disagreements.filter(({ state }) => state === "raised").length;
    const disagreed = raised === 0 ? "서로 어긋난 응답은 없었습니다" : `불일치가 ${raised}건 발생했습니다`;
    const best = data.cells.find(({ path }) => path === "combined") ?? data.cells.at(-1);
    if (best === undefined) return `${disagreed}.`;
    return `측정 ${probes}회 동안 ${disagreed}. ${best.path} 경로의 가용성은 ${percent(best.availability)}입니다(95 % 신뢰구간 ${percent(best.low)} ~ ${percentUp(best.high)}).`;
  }
  const failed = data.claims.filter((claim) => !claim.holds);
  if (data.holds && failed.length > 0) {
    return `실패해야 하는 시험이므로, 주장 ${data.claims.length}개 중 ${failed.length}개가 예정대로 실패했습니다.`;
  }
  if (failed.length > 0) {
    return `측정 ${probes}회에서 주장 ${data.claims.length}개 중 ${failed.length}개가 성립하지 않았습니다. 첫 번째: ${koreanClaim(failed[0]!)}.`;
  }
  const faulty = data.phases.filter((phase) => phase.faults.length > 0);
  const best = data.services.at(-1);
  const cells = data.cells.filter((cell) => cell.path === best?.id && faulty.some(({ id }) => id === cell.phase));
  const right = cells.reduce((sum, cell) => sum + cell.right, 0);
  const asked = cells.reduce((sum, cell) => sum + cell.probes, 0);
  // No more than the smallest sample has earned: the lower end of the worst phase's interval.
  const low = cells.reduce((least, cell) => Math.min(least, cell.low), 1);
  const kept = best
    ? ` 장애 중에도 ${best.id} 경로는 ${asked}회 중 ${right}회 바르게 응답했습니다. 어느 단계에서나 95 % 신뢰수준으로 ${percent(low)} 이상입니다.`
    : "";
  return `측정 ${probes}회에서 주장 ${data.claims.length}개가 모두 성립했습니다.${kept}`;
}

const range = (low: string, high: string) => `${low} ~ ${high}`;

const intervals = (data: ReportData) =>
  `시간 블록 신뢰구간은 블록 재표집 구간과, 독립 측정으로 환산한 횟수의 정확한 구간(장애가 적으면 스튜던트 계수 적용)을 함께 덮습니다. 그 밖의 신뢰구간은 측정이 40회 미만이거나 실패가 없으면 클로퍼-피어슨, 그 밖에는 윌슨 구간입니다. 측정 장치가 늦어졌거나 주문한 만큼 요청을 퍼붓지 못해 제외한 측정은 ${data.voided}회입니다.`;

function method(data: ReportData): string[] {
  if (data.kind === "watch") {
    return [
      "주기마다 각 이름을 한 번씩, 자기 구간 안의 임의 시각에 측정합니다. 모든 경로와 서버에 동시에 묻고, 재시도와 캐시는 쓰지 않습니다. combined 계열은 사용자의 정책대로 묻고, 끄지 않았다면 캐시도 씁니다.",
      "가장 최근에 검증된 응답과 어긋나는 응답은 오답입니다. 시간 초과는 모든 분위수에서 무한대로 세며, 측정이 많을 때 분위수의 오차는 1 % 이내입니다. 아무도 증명하지 않은 '없음'은 이름 목록이 그렇게 예상할 때만 정답입니다.",
      "장애는 한 관측 지점에서 한 이름의 측정이 연달아 실패한 구간으로, 첫 실패부터 다음 첫 정답까지입니다. 양 끝은 측정 주기만큼의 오차가 있고, 그보다 짧은 장애는 보이지 않을 수 있습니다. 비슷한 때에 시작한 장애는 하나로 묶었습니다. 주기의 2.5배가 넘도록 측정이 없던 시간은 정상도 장애도 아니며, 장애는 거기서 끊깁니다(≥: 더 길었음, ≤: 더 일찍 시작했을 수 있음).",
      "소진율 창은 측정이 창만큼 길고 그 90 % 이상을 지켜보았을 때만 셉니다. 드물게 측정하는 이름은 실패 한 번으로도 경보가 울릴 수 있습니다.",
      `어느 신뢰구간도 측정이 서로 독립이라고 보지 않습니다. 독립 측정으로 환산한 횟수의 정확한 구간이며, 장애가 적으면 스튜던트 계수를 적용합니다. 경로와 차이의 구간은 블록 재표집 구간도 함께 덮습니다. 실패가 없는 계열은 5분 단위의 수(또는 측정 n회의 n^(2/3), 더 큰 쪽)로 셉니다. 측정 장치가 늦어져 제외한 측정은 ${data.voided}회입니다.`,
    ];
  }
  return [
    "회차마다 모든 경로에 같은 이름을 동시에 묻습니다. 측정은 캐시 없이, 재시도 없이 하며, 이름은 고르게 돌아옵니다. 단계는 마지막 측정이 끝나야 끝나고 장애는 그때만 바뀌므로, 두 단계에 걸친 측정은 없습니다.",
    "모든 응답을 체인의 값과 비교합니다. 기한 안에 그 값(또는 실제로 없음)을 가져온 측정만 정답이며, 시간 초과는 모든 분위수에서 무한대로 셉니다.",
    intervals(data),
  ];
}

function limits(data: ReportData): string[] {
  if (data.kind === "watch") {
    return [
      "이 관측 지점에서 본 결과입니다. 다른 곳에서는 다를 수 있습니다.",
      "측정 중에 겪지 못한 종류의 장애는 어느 신뢰구간에도 없습니다. 그래서 주장은 5분 단위로 셉니다. 장애가 다섯 번 이하이면 신뢰구간은 95 %보다 덜 덮습니다.",
    ];
  }
  const fleet = data.blasts[0] ? new Set(data.blasts[0].names.flatMap((name) => name.gatewayIds)).size : 0;
  const vantages = new Set(data.byVantage.map(({ phase }) => phase)).size;
  return [
    `${vantages > 1 ? `관측 지점 ${vantages}곳을 둔` : "관측 지점 하나,"} 기계 하나의 루프백에서 측정했습니다. 지연 시간은 하한이며, 대륙 사이 인터넷의 동작은 알 수 없습니다.`,
    "장애는 일부러 만든 것입니다. 단계의 비율은 그 장애에서 일어나는 일을 말할 뿐, 장애의 빈도를 말하지 않습니다.",
    ...(fleet > 0
      ? [
          `가상 게이트웨이 2,048개를 게이트웨이 ${fleet}대가 맡으므로 기계에서는 샤드가 훨씬 자주 겹칩니다. 두 예측을 모두 적었습니다.`,
        ]
      : []),
  ];
}

export const KOREAN: Words = {
  code: "ko",
  kicker: { drill: "Holdfast 장애 훈련", watch: "Holdfast 비교 측정" },
  verdict,
  method,
  limits,
  recovery: ({ path, failOverMs, longestGapMs, recoveryMs, faultMs }) => {
    const lasted = `${((faultMs[1] - faultMs[0]) / 1000).toFixed(1)}초`;
    const back =
      recoveryMs === null
        ? "복구는 관측되지 않았습니다"
        : `장애가 끝나고 ${milliseconds(recoveryMs)} 뒤에 복구되었습니다`;
    if (failOverMs === null) return `${path}: 장애 내내(${lasted}) 응답이 없었고, ${back}.`;
    return `${path}: 장애(${lasted}) 시작 후 첫 정답까지 ${milliseconds(failOverMs)}, 가장 긴 공백 ${milliseconds(longestGapMs)}; ${back}.`;
  },
  earned: ({ id, earned }) => {
    const said = earned.earned === null ? "아직 주장할 수 있는 값이 없습니다" : `최소 ${percent(earned.earned)}`;
    return `${id}: ${said}. ${percent(earned.next)}를 주장하려면 실패 없는 5분이 ${earned.missing}번 더 필요합니다.`;
  },
  joint: (joint) =>
    `${joint.rounds}회차에서 모든 경로에 같은 이름을 동시에 물었습니다. ${joint.paths.join(", ")} 경로가 모두 함께 실패한 회차는 ${percent(joint.allFailed)}이며, 서로 독립이었다면 ${percent(joint.allFailedIndependent)}였을 것입니다.${joint.commonCauseRatio === null ? "" : ` 공통 원인 비율: ${percent(joint.commonCauseRatio)}.`}`,
  scenario: ({ kind, byName, scenario: { title, summary, ko } }) => {
    const names = new Set(byName.map(({ phase }) => phase)).size;
    return kind === "watch" && names > 1 ? { title: `이름 ${names}개`, summary } : (ko ?? { title, summary });
  },
  phase: koreanPhase,
  faults: koreanFaults,
  claim: koreanClaim,
  measured: koreanMeasured,
  blast: KOREAN_BLAST,
  chart: KOREAN_CHART,
  holds: (holds) => (holds ? "✓ 성립" : "✗ 불성립"),
  kind: (kind) =>
    ({ answer: "응답", serial: "SOA 일련번호", rejected: "거부된 응답", vantage: "관측 지점 간 차이" })[kind],
  said: (said) => (said === NOTHING ? "없음" : said),
  state: (state) => (state === "raised" ? "발생" : "해소"),
  nameList: (names, count) =>
    names.length < count ? `${names.join(", ")} 외 ${count - names.length}개` : names.join(", "),
  rang: (rings, from, lasted) =>
    `${rings === 1 ? "1회," : `${rings}회, 처음은`} ${from}${lasted === null ? "부터 계속" : `부터 ${lasted}`}`,
  neverRang: "없음",
  notWhole: "측정이 창보다 짧음",
  listed: (shown, all) => `전체 ${all}건 중 실패한 측정이 가장 많은 ${shown}건입니다.`,
  burning: (window) =>
    `${window.severity === "page" ? "즉시 호출" : "처리 요청"}(${window.longMs / 3_600_000}시간에 ${window.factor}배)`,
  outcome: {
    answered: "응답",
    absent: "없음 확인",
    unproven: "없음, 증명 없음",
    stale: "오래됨",
    wrong: "틀림",
    refused: "거부",
    timedOut: "시간 초과",
    unreachable: "연결 불가",
  },
  provenance: koreanFact,
  interval: (low, high) => range(percent(low), percentUp(high)),
  range,
  none: "없음.",
  nothingBroken: "장애 없음",
  label: {
    phase: "단계",
    name: "이름",
    vantage: "관측 지점",
    path: "경로",
    probes: "측정",
    right: "정답",
    wrong: "오답",
    availability: "가용성",
    interval: "95 % 신뢰구간",
    median: "중앙값",
    p99: "p99",
    from: "시작",
    failed: "실패한 측정",
    verdict: "판정",
    claim: "주장",
    measured: "측정값",
    gain: "결합의 이득",
    onlyBetter: "결합만 정답",
    onlyOther: "상대만 정답",
    difference: "차이",
    effective: "독립 측정으로 환산",
    pValue: "맥니마 p(환산)",
    objective: "목표",
    spent: "실패",
    allowed: "허용",
    remaining: "남은 예산",
    window: "창",
    rate: "끝날 때의 소진율(긴 창, 짧은 창)",
    highest: "최고",
    rang: "울린 때",
    time: "시각",
    kind: "대상",
    state: "상태",
    sides: "각 출처의 응답",
    names: "이름",
    lasted: "지속 시간",
    outages: "장애 횟수",
    lone: "측정 1회뿐",
    open: "끝을 못 본 것",
    mttr: "평균 복구 시간 (95 % 신뢰구간)",
    mtbf: "평균 장애 간격 (95 % 신뢰구간)",
    longest: "가장 긴 장애",
    down: "합계",
    observed: "관측 시간",
    paths: "경로",
    rounds: "회차",
    failedEach: "각각의 실패",
    together: "함께 실패(95 % 신뢰구간)",
    independent: "독립이라면",
    phi: "파이 계수",
    beta: "공통 원인 비율(베타)",
    ofRarest: "더 드문 쪽의 실패 중",
    fact: "항목",
    value: "값",
  },
  title: {
    cells: "경로",
    byName: "이름별",
    byVantage: "관측 지점별",
    claims: "주장",
    recoveries: "전환과 복구",
    outcomes: "측정 결과의 종류",
    episodes: "장애 구간",
    repair: "복구 시간",
    disagreements: "불일치",
    joint: "동시 실패",
    gains: "결합의 이득",
    robust: "시간 블록 신뢰구간",
    budgets: "오류 예산",
    alarms: "소진율",
    earned: "주장할 수 있는 가용성",
    method: "방법과 한계",
    provenance: "출처",
    again: "다시 실행",
    over: "시간에 따른 가용성",
    latency: "지연 시간",
  },
  note: {
    cells: "해당 분위수의 측정이 끝내 응답받지 못했으면 ∞입니다.",
    outcomes: "응답했거나 없다고 한 측정도 체인의 값과 다르면 틀림으로 셉니다.",
    repair:
      "복구 시간은 전체 장애 시간을 끝난 장애의 수로 나눈 값이므로 끝나지 않은 장애는 값을 늘립니다. 장애 간격은 전체 관측 시간을 시작이 관측된 장애의 수로 나눈 값입니다. 괄호 안은 서로 다른 장애의 수만큼 지수분포 시간을 보았을 때의 구간이며, 함께 시작한 장애는 한 번으로 셉니다.",
    gains: "차이와 p는 모든 회차가 아니라 독립 회차로 환산한 수로 셉니다.",
    robust: "장애는 몰려서 오므로 시간 블록 단위로 재표집했습니다.",
    alarms: "지속할 수 있는 속도의 몇 배로 예산이 소진되었는지입니다. 두 창이 모두 기준을 넘는 동안 울립니다.",
    earned: "일부러 만든 장애가 없던 시간에 대해, 95 % 신뢰수준에서. 5분은 몇 번을 측정하든 한 번으로 셉니다:",
    over: "음영: 일부러 만든 장애가 있는 구간.",
    latency: "시간 안에 응답받은 측정의 비율. 100에 닿지 않고 끝나는 선은 나머지를 끝내 받지 못했습니다.",
  },
  milliseconds,
};
