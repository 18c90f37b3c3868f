// What one element of a quantity is made of: lines that add up to it, and what is to be lit.
//
// A line: its sign, what it is, the numbers in it, its value. `computed` is what they come to here;
// `bound` is what rounding may do to that.

const FIRST = 3; // terms of a long sum that are written out
const FEW = 6; // terms of a sum that is written out whole

// Element [i, j] is the sum over k of left · right; "row" i of left is left[i, k], "column" left[k, i].
const SUMS = {
  z1: { left: ["X", "row"], right: ["W1", "column"], bias: "b1" },
  z2: { left: ["a1", "row"], right: ["W2", "column"], bias: "b2" },
  da1: { left: ["dz2", "row"], right: ["W2", "row"] },
  dW2: { left: ["a1", "column"], right: ["dz2", "column"], weight: "W2" },
  dW1: { left: ["X", "column"], right: ["dz1", "column"], weight: "W1" },
  db2: { right: ["dz2", "column"] },
  db1: { right: ["dz1", "column"] },
};

function explain(key, i, j) {
  const lit = [{ key, part: "cell", row: i, column: j }];
  if (key in SUMS) return explainSum(SUMS[key], i, j, lit);
  return { a1: explainRelu, P: explainSoftmax, loss: explainLoss, dz2: explainScores, dz1: explainMask }[key](i, j, lit);
}

const named = (key, row, column) => `${key}[${numberOf(key, row)}, ${column}]`;

function explainSum({ left, right, bias, weight }, i, j, lit) {
  const sides = [[left, i], [right, j]].filter(([side]) => side);
  sides.forEach(([[key, part], index]) => lit.push({ key, part, index }));
  const place = ([key, part], index, k) => (part === "row" ? [key, index, k] : [key, k, index]);
  const [[[key, part]]] = sides;
  const count = shapeOf(key)[part === "row" ? 1 : 0];
  const terms = Array.from({ length: count }, (_, k) => {
    const places = sides.map(([side, index]) => place(side, index, k));
    const values = places.map((at) => get(...at));
    return {
      sign: "+",
      what: places.map((at) => named(...at)).join(" · "),
      factors: values.length > 1 ? values : [],
      value: values.reduce((product, value) => product * value),
    };
  });
  const overSamples = part === "column";
  const extra = [];
  if (bias) {
    extra.push({ sign: "+", what: named(bias, 0, j), factors: [], value: get(bias, 0, j) });
    lit.push({ key: bias, part: "cell", row: 0, column: j });
  }
  if (weight) {
    const value = get(weight, i, j);
    extra.push({ sign: "+", what: `reg · ${named(weight, i, j)}`, factors: [data.reg, value], value: data.reg * value });
    lit.push({ key: weight, part: "cell", row: i, column: j });
  }
  return added(terms, overSamples ? data.N : count, extra, lit);
}

// The first terms, the rest in one line, and what is added to the sum.
function added(terms, count, extra, lit) {
  const whole = terms.length === count;
  const shown = count <= FEW && whole ? terms : terms.slice(0, FIRST);
  const rest = terms.slice(shown.length);
  const lines = [...shown];
  if (count > shown.length) {
    lines.push({ sign: "+", what: `… ${count - shown.length} more`, factors: [], value: whole ? total(rest) : null, rest: true });
  }
  lines.push(...extra);
  const everything = [...terms, ...extra];
  const size = everything.reduce((sum, term) => sum + Math.abs(term.value), 0);
  return { lines, lit, computed: whole ? total(everything) : null, bound: 2 * unit * (everything.length + 4) * size };
}

const total = (terms) => terms.reduce((sum, term) => sum + term.value, 0);

function explainRelu(i, j, lit) {
  const value = get("z1", i, j);
  lit.push({ key: "z1", part: "cell", row: i, column: j });
  const line = { sign: "", what: `max(${named("z1", i, j)}, 0)`, factors: [value], value: Math.max(value, 0) };
  return { lines: [line], lit, computed: line.value, bound: 0 };
}

function explainMask(i, j, lit) {
  const [through, came] = [get("a1", i, j) > 0, get("da1", i, j)];
  for (const key of ["a1", "da1"]) lit.push({ key, part: "cell", row: i, column: j });
  const lines = [
    { sign: "", what: named("da1", i, j), factors: [], value: came },
    { sign: "·", what: `[${named("a1", i, j)} > 0]`, factors: [get("a1", i, j)], value: Number(through), whole: true },
  ];
  return { lines, lit, computed: through ? came : 0, bound: 0 };
}

function explainScores(i, j, lit) {
  const [p, one] = [get("P", i, j), get("Y_ind", i, j)];
  for (const key of ["P", "Y_ind"]) lit.push({ key, part: "cell", row: i, column: j });
  const lines = [
    { sign: "", what: named("P", i, j), factors: [], value: p },
    { sign: "−", what: named("Y_ind", i, j), factors: [], value: one, whole: true },
    { sign: "/", what: "N", factors: [], value: data.N, whole: true },
  ];
  return { lines, lit, computed: (p - one) / data.N, bound: (8 * unit * (p + one)) / data.N };
}

function row(key, i) {
  return Array.from({ length: shapeOf(key)[1] }, (_, column) => get(key, i, column));
}

function explainSoftmax(i, j, lit) {
  const scores = row("z2", i);
  const largest = Math.max(...scores);
  const exps = scores.map((score) => Math.exp(score - largest));
  const S = exps.reduce((sum, value) => sum + value, 0);
  lit.push({ key: "z2", part: "row", index: i });
  const terms = exps.map((value, k) => ({
    sign: "+",
    what: `exp(${named("z2", i, k)} − max)`,
    factors: [scores[k] - largest],
    value,
  }));
  const { lines } = added(terms, terms.length, [], []);
  const computed = exps[j] / S;
  return {
    lines: [
      { sign: "", what: `max of row ${numberOf("z2", i)} of z2`, factors: [], value: largest, aside: true },
      ...lines,
      { sign: "=", what: "S", factors: [], value: S, aside: true },
      { sign: "", what: `exp(${named("z2", i, j)} − max) / S`, factors: [exps[j], S], value: computed },
    ],
    lit,
    computed,
    bound: 4 * unit * (exps.length + 8 + Math.max(...scores.map((score) => largest - score))) * computed + Number.MIN_VALUE * 4,
  };
}

function explainLoss(i, j, lit) {
  const terms = data.y.map((label, n) => {
    const scores = row("z2", n);
    const largest = Math.max(...scores);
    const S = scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
    const log = scores[label] - largest - Math.log(S);
    return { sign: "+", what: `−log ${named("P", n, label)} / N`, factors: [get("P", n, label)], value: -log / data.N };
  });
  const squares = (key) => byHand(key).reduce((sum, value) => sum + value * value, 0);
  const sums = squares("W1") + squares("W2");
  const penalty = { sign: "+", what: "½ · reg · (ΣW1² + ΣW2²)", factors: [data.reg / 2, sums], value: (data.reg / 2) * sums };
  const found = added(terms, data.N, [penalty], lit);
  return { ...found, bound: found.bound + 16 * unit * (penalty.value + Math.abs(found.computed)) };
}
