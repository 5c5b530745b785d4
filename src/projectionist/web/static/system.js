// The charts of the System page. The same values stand beside them as tables; these are for the eye only.
const HEIGHT = 190;
const DASHES = [[], [5, 3], [2, 2]];
const language = document.documentElement.lang;
const locale = language === "en" ? "en-GB" : language;
const view = () => document.getElementById("system-view");
const drawn = new Map();
let kept = null;

const plain = (value) => value.toLocaleString(locale, { maximumSignificantDigits: 3, useGrouping: false });
const scaled = (value, units, step) => {
  let at = 0;
  let amount = value;
  while (Math.abs(amount) >= step && at < units.length - 1) {
    amount /= step;
    at += 1;
  }
  return `${plain(amount)} ${units[at]}`.trim();
};
const SIZES = ["B", "kB", "MB", "GB", "TB"];
const WORDS = {
  share: (value) => `${plain(value * 100)} %`,
  ms: (value) => scaled(value, ["ms", "s"], 1000),
  bytes: (value) => scaled(value, SIZES, 1000),
  "bytes/s": (value) => `${scaled(value, SIZES, 1000)}/s`,
  "/min": (value) => scaled(value, ["", "k", "M"], 1000),
  "": (value) => scaled(value, ["", "k", "M"], 1000),
};

function colours(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return { lines: [of("--line-1"), of("--line-2"), of("--line-3")], grid: of("--line"), text: of("--quiet") };
}

function options(element, chart) {
  const { lines, grid, text } = colours(element);
  const words = WORDS[element.dataset.unit] ?? WORDS[""];
  const zone = document.documentElement.dataset.timeZone;
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px Inter, sans-serif" };
  return {
    width: Math.max(200, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    tzDate: zone ? (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone) : undefined,
    scales: { x: { range: period }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), element.dataset.unit === "share" ? 1 : high > 0 ? high * 1.1 : 1] } },
    axes: [{ ...axis, values: times }, { ...axis, size: 64, values: (_, ticks) => ticks.map(words) }],
    series: [{}, ...chart.lines.map((line, at) => ({
      label: line.label, stroke: lines[at], width: 2, dash: DASHES[at], spanGaps: false,
      points: { show: true, size: 7, width: 0, fill: lines[at], filter: alone },
    }))],
  };
}

// The whole of what was asked for, however little of it was measured.
const period = () => [kept.since, kept.until].map((moment) => Date.parse(moment) / 1000);

// Where a value has none beside it, there is no line to draw, and a point stands for it.
function alone(chart, at) {
  const values = chart.data[at];
  const known = (place) => (values[place] ?? null) !== null;
  return [...values.keys()].filter((place) => known(place) && !known(place - 1) && !known(place + 1));
}

// Clock times for as long as a day, else dates too; always of 24 hours, as everywhere here.
function times(chart, ticks) {
  const timeZone = document.documentElement.dataset.timeZone || undefined;
  const [first, last] = [chart.scales.x.min, chart.scales.x.max];
  const asked = last - first > 90000 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" };
  return ticks.map((tick) => new Date(tick * 1000).toLocaleString(locale, { ...asked, timeZone }));
}

function draw() {
  if (!kept) return;
  const at = kept.at.map((moment) => Date.parse(moment) / 1000);
  for (const element of document.querySelectorAll("[data-chart]")) {
    const chart = kept.charts.find((one) => one.id === element.dataset.chart);
    if (!chart) continue;
    const values = [at, ...chart.lines.map((line) => line.values)];
    const known = drawn.get(element);
    if (known) {
      known.setData(values);
      continue;
    }
    element.replaceChildren();
    drawn.set(element, new uPlot(options(element, chart), values, element));
  }
}

function drawAnew() {
  for (const chart of drawn.values()) chart.destroy();
  drawn.clear();
  draw();
}

async function load() {
  const address = view()?.dataset.metrics;
  if (!address || !document.querySelector("[data-chart]")) return;
  const answer = await fetch(address, { headers: { "X-Background": "1", Accept: "application/json" } });
  if (!answer.ok) return;
  kept = await answer.json();
  for (const [element, chart] of drawn) {
    if (element.isConnected) continue;
    chart.destroy();
    drawn.delete(element);
  }
  draw();
}

const loadQuietly = () => load().catch(() => {});  // the figures and tables on the page stand without it
let resizing = 0;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(drawAnew, 200);
});
new MutationObserver(drawAnew).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: light)").addEventListener("change", drawAnew);
// The figures and tables load themselves anew while the page is live; a table that somebody opened stays open.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
  !(name === "open" && node.matches("details.system-table"));
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt.id === "system-view" && detail.successful) setTimeout(loadQuietly, 100);
});
addEventListener("DOMContentLoaded", loadQuietly);
if (document.readyState === "complete") loadQuietly();
