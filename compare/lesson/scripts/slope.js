// What a gradient is: the forward pass again, with one weight moved.

const REACH = 2.5;
const [PLOT_LEFT, PLOT_TOP] = [56, 12];

function lossWith(params) {
  const { N, D, H, C } = data.sizes;
  const X = byHand("X");
  const a1 = new Float64Array(H);
  const scores = new Float64Array(C);
  let sum = 0;
  for (let n = 0; n < N; n += 1) {
    for (let h = 0; h < H; h += 1) {
      let z = 0;
      for (let d = 0; d < D; d += 1) z += X[n * D + d] * params.W1[d * H + h];
      a1[h] = Math.max(z + params.b1[h], 0);
    }
    let largest = -Infinity;
    for (let k = 0; k < C; k += 1) {
      let z = 0;
      for (let h = 0; h < H; h += 1) z += a1[h] * params.W2[h * C + k];
      scores[k] = z + params.b2[k];
      largest = Math.max(largest, scores[k]);
    }
    let S = 0;
    for (let k = 0; k < C; k += 1) S += Math.exp(scores[k] - largest);
    sum -= scores[data.y[n]] - largest - Math.log(S);
  }
  const squares = (W) => W.reduce((total, value) => total + value * value, 0);
  return sum / N + 0.5 * data.reg * (squares(params.W1) + squares(params.W2));
}

const originals = () => Object.fromEntries(["W1", "b1", "W2", "b2"].map((key) => [key, Float64Array.from(byHand(key))]));

function startSlope() {
  const section = document.querySelector(".slope-grid");
  if (!section) return;
  const find = (selector) => section.querySelector(selector);
  const [which, rowInput, columnInput, slider, plot] = [".which", ".slope-row", ".slope-column", ".weight", ".plot"].map(find);
  const record = get("loss", 0, 0);
  const params = originals();
  const start = lossWith(params);
  report(find(".check"), start, record);
  let chosen;

  const lossAt = (weight) => {
    params[chosen.key][chosen.at] = weight;
    const loss = lossWith(params);
    params[chosen.key][chosen.at] = chosen.weight;
    return loss;
  };

  const choose = () => {
    const key = which.value;
    const [rows, columns] = shapeOf(key);
    rowInput.max = rows - 1;
    columnInput.max = columns - 1;
    const within = (input) => Math.min(Number(input.max), Math.max(0, Math.trunc(Number(input.value)) || 0));
    const [i, j] = [within(rowInput), within(columnInput)];
    chosen = { key, at: i * columns + j, name: `${key}[${i}, ${j}]`, weight: byHand(key)[i * columns + j], slope: get(`d${key}`, i, j) };
    draw(plot, chosen, lossAt, record);
    slider.value = 0;
    moved();
  };

  const moved = () => {
    const weight = chosen.weight + Number(slider.value);
    const loss = lossAt(weight);
    const line = record + chosen.slope * (weight - chosen.weight);
    const set = (selector, ...content) => find(selector).replaceChildren(...content);
    set(".weight-now", fixed(weight, 6));
    set(".loss-now", fixed(loss, 12));
    set(".entry-name", `d${chosen.name}`);
    set(".entry", fixed(chosen.slope, 8));
    set(".quotient", Number(slider.value) ? fixed((loss - record) / (weight - chosen.weight), 8) : "–");
    set(".gap-now", Number(slider.value) ? short(loss - line) : "0");
    place(plot, chosen, weight, loss, line);
  };

  which.addEventListener("change", () => { rowInput.value = 0; columnInput.value = 0; choose(); });
  for (const input of [rowInput, columnInput]) input.addEventListener("input", choose);
  slider.addEventListener("input", moved);
  find(".back-to").addEventListener("click", () => { slider.value = 0; moved(); });
  dragPoint(plot, (x) => { slider.value = chosen.axes.x.from(x) - chosen.weight; moved(); });
  choose();
}

function report(note, mine, record) {
  const apart = Math.abs(mine - record);
  if (apart <= 1e-12) {
    note.replaceChildren(`The page’s own forward pass gives the record’s loss, ${exactly(record)}, at the original weights`, ...(apart ? [" (", small(apart), " away: rounding)."] : ["."]));
    return;
  }
  note.classList.add("off");
  const why = data.dtype === "float32" ? "The record is float32, and the page reckons in float64." : "Do not trust this curve.";
  note.replaceChildren(`At the original weights the page’s own forward pass gives ${exactly(mine)}, and the record says ${exactly(record)}: more than 10`, make("sup", {}, "−12"), ` apart. ${why}`);
}

function axis(low, high, start, end) {
  const scale = (end - start) / (high - low || 1);
  return { low, high, at: (value) => Math.round(10 * (start + (value - low) * scale)) / 10, from: (place) => low + (place - start) / scale };
}

function draw(plot, chosen, lossAt, record) {
  const { width, height } = plot.viewBox.baseVal;
  const cost = data.sizes.N * data.sizes.D * data.sizes.H;
  const count = cost > 1e5 ? 41 : 121;
  const weights = Array.from({ length: count }, (_, k) => chosen.weight - REACH + (2 * REACH * k) / (count - 1));
  const losses = weights.map(lossAt);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const pad = 0.08 * (high - low || 1);
  const x = axis(weights[0], weights.at(-1), PLOT_LEFT, width - 12);
  const y = axis(low - pad, high + pad, height - 34, PLOT_TOP);
  chosen.axes = { x, y };
  const path = (points) => `M${points.map(([a, b]) => `${x.at(a)} ${y.at(b)}`).join("L")}`;
  plot.querySelector(".loss-curve").setAttribute("d", path(weights.map((weight, k) => [weight, losses[k]])));
  plot.querySelector(".tangent").setAttribute("d", path([x.low, x.high].map((end) => [end, record + chosen.slope * (end - chosen.weight)])));
  plot.querySelector(".weight-name").textContent = chosen.name;
  drawAxes(plot, x, y, width, height);
  put(plot.querySelector(".here"), x.at(chosen.weight), y.at(record));
}

function drawAxes(plot, x, y, width, height) {
  const parts = [];
  for (const [value, text] of ticks(y)) {
    parts.push(makeSvg("path", { class: "grid", d: `M${PLOT_LEFT} ${y.at(value)}H${width - 12}` }));
    parts.push(label(text, { class: "tick y", x: PLOT_LEFT - 8, y: y.at(value), dy: "0.35em" }));
  }
  for (const [value, text] of ticks(x)) parts.push(label(text, { class: "tick x", x: x.at(value), y: height - 14 }));
  plot.querySelector(".axes").replaceChildren(...parts);
}

function label(text, attributes) {
  const element = makeSvg("text", attributes);
  element.textContent = text;
  return element;
}

function ticks({ low, high }) {
  const least = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= least * (1 - 1e-9));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let k = Math.ceil(low / step); k <= high / step + 1e-9; k += 1) found.push([k * step, fixed(k * step, Math.min(digits, 20))]);
  return found;
}

function put(circle, x, y) {
  circle.setAttribute("cx", x);
  circle.setAttribute("cy", y);
}

function place(plot, { axes: { x, y } }, weight, loss, line) {
  const dot = plot.querySelector(".moved");
  dot.removeAttribute("hidden");
  put(dot, x.at(weight), y.at(loss));
  plot.querySelector(".gap").setAttribute("d", `M${x.at(weight)} ${y.at(loss)}V${y.at(line)}`);
}

function dragPoint(plot, moveTo) {
  const toPlot = (event) => {
    const box = plot.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * plot.viewBox.baseVal.width;
  };
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    moveTo(toPlot(event));
  });
  plot.addEventListener("pointermove", (event) => { if (plot.hasPointerCapture(event.pointerId)) moveTo(toPlot(event)); });
}
