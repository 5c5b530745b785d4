// Keys: what they do stands in the sheet that `?` opens.
const TYPING = "input, textarea, select, [contenteditable]";

function move(by) {
  const rows = [...document.querySelectorAll("table.data tbody tr")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("is-at"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  rows[at]?.classList.remove("is-at");
  next.classList.add("is-at");
  (next.querySelector("a, button, summary") ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

export function keys(openDrawer) {
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    const now = Date.now();
    const acts = {
      "/": () => document.querySelector("[data-search-box]")?.focus(),
      "?": () => document.getElementById("keys")?.showModal(),
      a: openDrawer,
      g: () => { going = now; },
      j: () => move(1),
      k: () => move(-1),
      x: () => document.querySelector("tr.is-at [data-bulk-one]")?.click(),
    };
    if (/^[1-9]$/.test(event.key) && now - going < 1200) {
      document.querySelector(`[data-go="${event.key}"]`)?.click();
    } else if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });
}
