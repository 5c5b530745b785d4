// How strong a new password is, shown while it is typed; nothing of it leaves the page.
const LENGTHS = [8, 12, 16];
const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u];

function weigh(text) {
  const length = [...text].length;
  const has = [length >= LENGTHS[0], ...KINDS.map((kind) => kind.test(text))];
  const points = LENGTHS.filter((least) => length >= least).length + has.slice(1).filter(Boolean).length;
  return { points, has };
}

function show(shown, text) {
  shown.hidden = !text;
  const { points, has } = weigh(text);
  const { words, lacks, kinds } = shown.dataset;
  const word = words.split("|")[points <= 2 ? 0 : points <= 4 ? 1 : points <= 6 ? 2 : 3];
  const lacking = kinds.split("|").filter((_, at) => !has[at]);
  shown.querySelector("meter").value = points;
  shown.querySelector("span").textContent = lacking.length ? `${points}/7, ${word}. ${lacks} ${lacking.join(", ")}.` : `${points}/7, ${word}.`;
}

export function passwords() {
  document.addEventListener("input", ({ target }) => {
    const shown = target.dataset?.strength && document.getElementById(target.dataset.strength);
    if (shown) show(shown, target.value);
  });
}
