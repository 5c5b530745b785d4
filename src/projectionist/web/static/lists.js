// Lists: bulk selection, which survives the list's loading anew.
function state(frame) {
  const ones = [...frame.querySelectorAll("[data-bulk-one]")];
  return { ones, picked: ones.filter((one) => one.checked) };
}

function show(frame) {
  const { ones, picked } = state(frame);
  const bar = frame.querySelector("[data-bulk-bar]");
  if (!bar) return;
  bar.hidden = !picked.length;
  const word = document.getElementById("toasts").dataset.selected;
  bar.querySelector("[data-bulk-count]").textContent = `${picked.length} ${word}`;
  const all = frame.querySelector("[data-bulk-all]");
  all.checked = ones.length > 0 && picked.length === ones.length;
  all.indeterminate = picked.length > 0 && picked.length < ones.length;
}

export function lists() {
  document.addEventListener("change", (event) => {
    const frame = event.target.closest("[data-bulk]");
    if (!frame) return;
    if (event.target.matches("[data-bulk-all]")) {
      for (const one of state(frame).ones) one.checked = event.target.checked;
    }
    show(frame);
  });
  document.addEventListener("click", (event) => {
    const none = event.target.closest("[data-bulk-none]");
    if (!none) return;
    const frame = none.closest("[data-bulk]");
    for (const one of state(frame).ones) one.checked = false;
    show(frame);
  });
  document.addEventListener("submit", (event) => {
    const bar = event.target.closest("[data-bulk-bar]");
    if (!bar) return;
    for (const old of bar.querySelectorAll("input[name=ids]")) old.remove();
    for (const { value } of state(bar.closest("[data-bulk]")).picked) {
      const kept = Object.assign(document.createElement("input"), { type: "hidden", name: "ids", value });
      bar.append(kept);
    }
  }, true);
  // A morph sets ticks back to what the server sent: nothing. What was ticked is ticked before
  // anybody can press a button; settling, some 20 ms later, would be too late.
  let picked = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const frame = event.detail.target?.closest?.("[data-bulk]");
    if (frame) picked.set(frame.id, new Set(state(frame).picked.map((one) => one.value)));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, values] of picked) {
      const frame = document.getElementById(id);
      if (!frame) continue;
      for (const one of state(frame).ones) if (values.has(one.value)) one.checked = true;
      show(frame);
    }
    picked = new Map();
  });
}
