// What every page has: theme, drawer, menus, toasts, keys, lists, forms, live events.
import { forms } from "./forms.js";
import { keys } from "./keys.js";
import { lists } from "./lists.js";
import { listen } from "./live.js";
import { passkeys } from "./passkeys.js";
import { passwords } from "./passwords.js";
import { posters } from "./posters.js";
import { push } from "./push.js";
import { signedIn } from "./signed-in.js";
import { times } from "./times.js";

// A part that a script has filled stays as it is while it is about the same: data-keep says what it is about.
Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) =>
  !(old.dataset?.keep && old.dataset.keep === fresh.dataset?.keep);

// Where not all tabs fit, the one that is open is what shows.
function showTab() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const row = tab.parentElement;
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
}
showTab();
addEventListener("resize", showTab);

const body = document.body;
const told = document.getElementById("toasts");

function toast(text, kind = "") {
  const line = Object.assign(document.createElement("p"), { className: `toast ${kind}`, textContent: text });
  told.append(line);
  setTimeout(() => line.remove(), kind ? 9000 : 5000);
}

function openDrawer() {
  const drawer = document.getElementById("drawer");
  const inside = document.getElementById("drawer-body");
  if (!drawer || drawer.open) return;
  drawer.showModal();
  htmx.ajax("GET", inside.dataset.src, { target: inside, swap: "innerHTML" });
}

const THEMES = ["", "dark", "light"];
function theme(next) {
  const root = document.documentElement;
  const at = THEMES.indexOf(root.dataset.theme ?? "");
  const chosen = THEMES[(at + (next ? 1 : 0)) % THEMES.length];
  if (chosen) root.dataset.theme = chosen;
  else delete root.dataset.theme;
  for (const name of document.querySelectorAll("[data-theme-name]")) {
    name.textContent = name.dataset.names.split("|")[THEMES.indexOf(chosen)];
  }
  if (!next) return;
  try {
    if (chosen) localStorage.setItem("theme", chosen);
    else localStorage.removeItem("theme");
  } catch {
    // Storage is switched off: the choice holds for this page.
  }
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-drawer]")) openDrawer();
  if (at("[data-theme-next]")) theme(true);
  if (at("[data-keys]")) document.getElementById("keys").showModal();
  if (at("[data-close]")) at("dialog").close();
  if (at("[data-back]")) history.back();
  if (event.target.matches("dialog")) event.target.close();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  if (event.target.matches("[data-search-box]")) event.target.blur();
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf]").content;
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) return;
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  toast(page.querySelector("[role=alert] p, .notice span")?.textContent || told.dataset.failed, "bad");
});
document.addEventListener("htmx:sendError", () => toast(told.dataset.away, "bad"));
document.addEventListener("toast", (event) => toast(event.detail.value ?? event.detail.text, event.detail.kind));
body.addEventListener("live:closed", async () => {
  if (await isSignedIn()) toast(told.dataset.away, "bad");
});

// A live element that somebody types in, or that has an open menu, waits until they are done.
const waiting = new Set();
const TYPED = "input:not([type=checkbox]):focus, select:focus, textarea:focus";
const isBusy = (element) => Boolean(element.querySelector("details.menu[open]") ?? element.querySelector(TYPED));
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  const live = elt.matches("[data-live]") && requestConfig.triggeringEvent?.type?.startsWith("live:");
  if (!live || !isBusy(elt)) return;
  waiting.add(elt.id);
  event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (!requestConfig.triggeringEvent?.type?.startsWith("live:") || !target.matches("[data-live]")) return;
  // Filtered, sorted or turned since it asked: what comes is of another address than what it shows by now.
  const isOutdated = target.getAttribute("hx-get") !== requestConfig.path;
  if (!isOutdated && !isBusy(target)) return;
  waiting.add(target.id);
  event.detail.shouldSwap = false;
  if (isOutdated) catchUp();
});
const catchUp = () => setTimeout(() => {
  for (const id of waiting) {
    const element = document.getElementById(id);
    if (element && isBusy(element)) continue;
    waiting.delete(id);
    if (element) htmx.trigger(element, "live:again");
  }
}, 50);
document.addEventListener("focusout", catchUp);
document.addEventListener("toggle", catchUp, true);

theme(false);
keys(openDrawer);
lists();
forms();
passkeys();
passwords();
posters();
push();
times();
listen();
const isSignedIn = signedIn();
if ("serviceWorker" in navigator && body.dataset.serviceWorker) {
  navigator.serviceWorker.register(body.dataset.serviceWorker, { scope: body.dataset.scope }).catch(() => {});
}
