// Notifications of this browser: switched on from the page of them, and ended when whom they are for leaves.
const SUBSCRIBED = "projectionist-subscription"; // the service worker reads it where the push service changes it
const NOTE = "/subscription";
const PERSON = "notified";
const WITHIN_MS = 2000;
const MARK = 16;

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const within = (work, ms = WITHIN_MS) => Promise.race([work, new Promise((next) => setTimeout(next, ms))]);

// Storage may be switched off: then nobody is remembered, and nothing is ended by itself.
function person(value) {
  try {
    if (value === undefined) return localStorage.getItem(PERSON);
    if (value === null) localStorage.removeItem(PERSON);
    else localStorage.setItem(PERSON, value);
  } catch {
    return null;
  }
  return value;
}

async function ask(address, body) {
  const headers = { accept: "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(address, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  if (answer.status === 204) return null;
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

async function subscription() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return null;
  const worker = await navigator.serviceWorker.getRegistration();
  return (await worker?.pushManager.getSubscription()) ?? null;
}

// The house forgets this browser, and its push service what it was to be sent.
async function end() {
  person(null);
  const found = await subscription();
  if (!found) return;
  try {
    await ask(document.body.dataset.pushEnd, { former: found.endpoint });
  } finally {
    await found.unsubscribe();
    await caches.delete(SUBSCRIBED);
  }
}

async function markOf(endpoint) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return [...new Uint8Array(digest)].map((one) => one.toString(16).padStart(2, "0")).join("").slice(0, MARK);
}

// Why nothing can be shown here, or "ready", or "on" with the device that this browser is.
async function standing(part) {
  if (!window.isSecureContext) return ["insecure"];
  const known = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!known) return [navigator.standalone === false ? "home-screen" : "none"];
  if (Notification.permission === "denied") return ["blocked"];
  if (!(await within(navigator.serviceWorker.ready, 5000))) return ["worker"];
  const found = await subscription();
  const mark = found && Notification.permission === "granted" ? await markOf(found.endpoint) : "";
  const device = mark && document.querySelector(`[data-device="${mark}"]`);
  return device ? ["on", device] : ["ready"];
}

function show(part, name, device) {
  for (const one of part.querySelectorAll("[data-push-state]")) one.hidden = one.dataset.pushState !== name;
  const badge = device?.querySelector("[data-this-device]");
  if (badge) badge.hidden = false;
  part.dataset.push = name;
}

async function switchOn(part) {
  if ((await Notification.requestPermission()) !== "granted") {
    show(part, Notification.permission === "denied" ? "blocked" : "ready");
    throw new Error(part.dataset.refused);
  }
  const { public_key: key } = await ask(part.dataset.key);
  const worker = await navigator.serviceWorker.ready;
  await (await worker.pushManager.getSubscription())?.unsubscribe(); // it may be of another key, or another person
  const options = { userVisibleOnly: true, applicationServerKey: bytes(key) };
  const { endpoint, keys } = (await worker.pushManager.subscribe(options)).toJSON();
  await ask(part.dataset.send, { endpoint, keys });
  person(document.body.dataset.person);
  const cache = await caches.open(SUBSCRIBED);
  await cache.put(NOTE, new Response(JSON.stringify({ endpoint, key })));
  location.reload();
}

async function tried(part, button) {
  const said = part.querySelector("[data-push-said]");
  said.textContent = "";
  button.disabled = true;
  try {
    await switchOn(part);
  } catch (error) {
    said.textContent = error instanceof DOMException ? part.dataset.failed : error.message;
    button.disabled = false;
  }
}

export function push() {
  const now = document.body.dataset.person;
  const before = person();
  if (now && before && before !== now) within(end()).catch(() => {}); // the browser tells the one before no more
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-sign-out]") || !person()) return;
    event.preventDefault();
    await within(end()).catch(() => {}); // who cannot be told, is told by the push service in time
    form.submit();
  });
  const part = document.querySelector("[data-push]");
  if (!part) return;
  standing(part).then(([name, device]) => show(part, name, device)).catch(() => show(part, "none"));
  part.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-push-on]");
    if (button) tried(part, button);
  });
}
