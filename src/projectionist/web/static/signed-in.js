// Says in time that one will be signed out where nothing is done, and afterwards that one was.
const LATER_MS = 30000;

// Gives what asks whether somebody is signed in still, and shows what came of it; true too where nobody can tell.
export function signedIn() {
  const { idle, signInState: address } = document.body.dataset;
  if (!idle) return async () => true;
  const said = document.getElementById("leaving");
  const card = said.firstElementChild;
  const text = card.querySelector("p");
  const stay = card.querySelector("[data-stay]");
  const again = card.querySelector("[data-sign-in-again]");
  let timer = 0;
  let due = 0;
  let over = false;

  function wait(ms) {
    clearTimeout(timer);
    due = Date.now() + ms;
    timer = setTimeout(ask, ms);
  }

  function show(sentence) {
    if (text.textContent !== sentence) text.textContent = sentence;
    card.hidden = false;
  }

  function end() {
    over = true;
    clearTimeout(timer);
    stay.hidden = true;
    again.hidden = false;
    const base = document.documentElement.dataset.base;
    const here = location.pathname.slice(base.length) + location.search;
    again.href = `${again.pathname}?next=${encodeURIComponent(here)}`;
    show(said.dataset.over);
  }

  function tell({ left_s: left, warned_s: warned }) {
    if (!warned) return; // it is remembered
    if (left > warned) {
      card.hidden = true;
      wait((left - warned + 1) * 1000);
      return;
    }
    const { lang, dataset: { timeZone } } = document.documentElement;
    const at = new Date(Date.now() + left * 1000);
    show(`${said.dataset.at} ${at.toLocaleTimeString(lang === "en" ? [] : lang, { timeZone, hour: "2-digit", minute: "2-digit" })}.`);
    wait(Math.min(LATER_MS, (left + 1) * 1000)); // another page may do something meanwhile
  }

  async function ask(method = "GET") {
    const headers = { accept: "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
    if (method === "GET") headers["X-Background"] = "1";
    try {
      const answer = await fetch(address, { method, headers });
      if (answer.status === 401) end();
      else if (answer.ok) tell(await answer.json());
      else wait(LATER_MS);
    } catch {
      wait(LATER_MS); // nobody answers now
    }
    return !over;
  }

  stay.addEventListener("click", () => ask("POST"));
  // Timers stand still while a machine sleeps.
  document.addEventListener("visibilitychange", () => !document.hidden && !over && Date.now() >= due && ask());
  const warned = Number(idle) / 8;
  wait((Number(idle) - warned) * 1000);
  return ask;
}
