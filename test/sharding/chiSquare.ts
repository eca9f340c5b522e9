/** Pearson's chi-square test of counts against probabilities, for tests of simulated figures. */

/** The least expected count of a bin; smaller ones are merged with their neighbour. */
const EXPECTED_MIN = 5;

/** P(a sample of these probabilities deviates at least as much): small where the counts do not follow them. */
export function chiSquareP(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const bins: { observed: number; expected: number }[] = [];
  let open = { observed: 0, expected: 0 };
  probabilities.forEach((probability, bin) => {
    open = { observed: open.observed + (counts[bin] ?? 0), expected: open.expected + probability * total };
    if (open.expected >= EXPECTED_MIN) {
      bins.push(open);
      open = { observed: 0, expected: 0 };
    }
  });
  const last = bins.pop() ?? { observed: 0, expected: 0 };
  bins.push({ observed: last.observed + open.observed, expected: last.expected + open.expected });
  if (bins.length < 2) throw new Error(`a chi-square test needs two bins of ${EXPECTED_MIN} expected; sample more`);
  const statistic = bins.reduce((sum, { observed, expected }) => sum + (observed - expected) ** 2 / expected, 0);
  return upperGamma((bins.length - 1) / 2, statistic / 2);
}

/** The regularised upper incomplete gamma function Q(a, x), by series below a + 1 and continued fraction above. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 1000 && term > sum * 1e-16; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - front * sum;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 1000; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * h;
}

/** ln Gamma for the halves and wholes that degrees of freedom give. */
function logGamma(a: number): number {
  let value = Number.isInteger(a) ? 0 : Math.log(Math.PI) / 2;
  for (let z = Number.isInteger(a) ? 1 : 0.5; z < a; z += 1) value += Math.log(z);
  return value;
}
