// The record: every number of the page as the program had it, and how numbers are written.

const data = JSON.parse(document.getElementById("data").textContent);
const [Floats, unit] = data.dtype === "float64" ? [Float64Array, 2 ** -53] : [Float32Array, 2 ** -24];
const [hand, autograd] = split(await unpacked(data.packed));
const hasRows = new Set(["X", "Y_ind", "z1", "a1", "z2", "P", "dz2", "da1", "dz1"]);

const shapeOf = (key) => data.matrices[key === "Y_ind" ? "P" : key].shape;
const get = (key, row, column) => key === "Y_ind"
  ? Number(data.y[row] === column)
  : byHand(key)[row * shapeOf(key)[1] + column];

// A row of the page's matrices by its number in the batch, and the reverse.
const numberOf = (key, index) => hasRows.has(key) && data.rows ? data.rows[index] : index;
const indexOf = (key, number) => hasRows.has(key) && data.rows ? data.rows.indexOf(number) : number;

const byHand = (key) => hand.get(key);
const byAutograd = (key) => autograd.get(key);

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// First all numbers by hand; then autograd's, as the bits in which they differ from those.
function split(bytes) {
  const found = [new Map(), new Map()];
  let start = 0;
  const next = ([rows, columns]) => {
    const end = start + rows * columns * Floats.BYTES_PER_ELEMENT;
    const part = bytes.slice(start, end);
    start = end;
    return part;
  };
  const matrices = Object.entries(data.matrices);
  for (const [key, { shape }] of matrices) found[0].set(key, new Floats(next(shape).buffer));
  for (const [key, { shape, autograd: kept }] of matrices) {
    if (!kept) continue;
    const mine = new Uint8Array(found[0].get(key).buffer);
    found[1].set(key, new Floats(next(shape).map((bits, at) => bits ^ mine[at]).buffer));
  }
  return found;
}

const minus = (text) => text.replace(/-/g, "−");

// All digits of a number: as many as tell it from its neighbours.
const exactly = (value) => minus(data.dtype === "float64" ? String(value) : String(Number(value.toPrecision(9))));

// So many decimals that the largest of some numbers shows six digits: then they add up by eye.
function decimalsFor(values) {
  const largest = Math.max(...values.map(Math.abs).filter(Number.isFinite), 0);
  return largest ? Math.min(24, Math.max(0, 5 - Math.floor(Math.log10(largest)))) : 6;
}

const fixed = (value, decimals) => minus(value.toFixed(decimals));
const short = (value) => minus(String(Number(value.toPrecision(4))));

// 2.2e-16 as 2.2 × 10 to the −16, in an element of its own.
function small(value) {
  const [mantissa, exponent] = value.toExponential(1).split("e");
  if (value === 0 || Math.abs(exponent) < 4) return make("span", {}, minus(String(Number(value.toPrecision(2)))));
  return make("span", {}, `${minus(mantissa)}\u2009×\u200910`, make("sup", {}, minus(exponent.replace("+", ""))));
}

function cellText(key, value) {
  if (!Number.isFinite(value)) return minus(String(value));
  if (value === 0) return "0";
  return minus((value / 10 ** data.matrices[key].exponent).toFixed(3)).replace(/^−(0\.000)$/, "$1");
}

function cellShade(key, value) {
  const { largest } = data.matrices[key];
  const level = largest && Number.isFinite(value) ? Math.round((8 * value) / largest) : 0;
  return level ? `${level < 0 ? "n" : "p"}${Math.abs(level)}` : "";
}

// The only way in which this script makes elements: text is always text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function makeSvg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
