// A film's preview over the whole width of the page: pointer, touch and arrow keys move through its pictures.
// Elements: data-filmstrip holds the address of {count, interval_ms, width, height, url_template}.

const NARROW = 96;
const AHEAD = 3;
const known = new WeakSet();

function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, place) => (place ? String(part).padStart(2, "0") : String(part))).join(":");
}

function begin(strip) {
  if (known.has(strip)) return;
  known.add(strip);
  const part = (name) => strip.querySelector(`[data-filmstrip-${name}]`);
  const [picture, time, row, range, said] = ["picture", "time", "row", "range", "said"].map(part);
  let film = null;
  let asked = 0;

  const address = (number) => film.url_template.replace("{n}", String(number));

  function show(number) {
    range.value = String(number);
    const words = film.interval_ms ? clock(number * film.interval_ms) : `${number + 1} / ${film.count}`;
    time.textContent = words;
    range.setAttribute("aria-valuetext", words);
    picture.src = address(number);
    picture.hidden = false;
    for (let next = number + 1; next <= Math.min(number + AHEAD, film.count - 1); next += 1) {
      Object.assign(new Image(), { fetchPriority: "low" }).src = address(next);
    }
  }

  function fill() {
    const wide = row.clientWidth || 1;
    const each = Math.max(NARROW, 1);
    const places = Math.max(1, Math.min(film.count, Math.round(wide / each)));
    if (row.childElementCount === places && row.dataset.of === film.url_template) return;
    row.dataset.of = film.url_template;
    row.replaceChildren(
      ...Array.from({ length: places }, (_, place) => {
        const image = document.createElement("img");
        image.alt = "";
        image.loading = "lazy";
        image.decoding = "async";
        image.fetchPriority = "low";
        image.width = film.width;
        image.height = film.height;
        image.src = address(Math.min(film.count - 1, Math.floor(((place + 0.5) * film.count) / places)));
        return image;
      }),
    );
  }

  async function load() {
    const turn = (asked += 1);
    said.textContent = strip.dataset.waiting;
    try {
      const answer = await fetch(strip.dataset.filmstrip, { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      if (turn !== asked) return;
      if (!found.count) throw new Error("empty");
      film = found;
      range.max = String(film.count - 1);
      range.disabled = false;
      said.textContent = "";
      fill();
      show(Math.min(Number(range.value), film.count - 1));
    } catch (_error) {
      if (turn !== asked) return;
      film = null;
      range.disabled = true;
      picture.hidden = true;
      time.textContent = "";
      row.replaceChildren();
      said.textContent = strip.dataset.none;
    }
  }

  range.addEventListener("input", () => film && show(Number(range.value)));
  range.addEventListener("pointermove", (event) => {
    if (!film || event.pointerType !== "mouse") return;
    const box = range.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    const number = Math.min(film.count - 1, Math.floor(share * film.count));
    if (number !== Number(range.value)) show(number);
  });
  strip.addEventListener("filmstrip:load", load);
  new ResizeObserver(() => film && fill()).observe(row);
  load();
}

function search(root) {
  for (const strip of root.querySelectorAll("[data-filmstrip]")) begin(strip);
}

document.addEventListener("change", (event) => {
  const choice = event.target.closest?.("[data-filmstrip-choice]");
  if (!choice) return;
  const strip = document.getElementById(choice.dataset.filmstripChoice)?.querySelector("[data-filmstrip]");
  if (!strip) return;
  strip.dataset.filmstrip = choice.value;
  strip.dispatchEvent(new Event("filmstrip:load"));
});
document.body.addEventListener("htmx:load", () => search(document));
search(document);
