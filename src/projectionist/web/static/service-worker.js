// Keeps static files and the offline page, and shows what is pushed. Pages of a signed-in person are never kept.
// `told` stands above: it is written in by the server.
const kept = `projectionist-${told.version}`;
const SUBSCRIBED = "projectionist-subscription"; // what push.js keeps of this browser's subscription
const NOTE = "/subscription";

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(kept)
      .then((cache) => cache.addAll([told.offline, ...told.kept]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== kept && name !== SUBSCRIBED).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(told.offline)));
  } else if (address.pathname.startsWith(`${told.static}${told.version}/`)) {
    event.respondWith(fromCache(request));
  }
});

async function fromCache(request) {
  const cache = await caches.open(kept);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) cache.put(request, answer.clone());
  return answer;
}

// Every message is shown: browsers end subscriptions whose messages are not.
self.addEventListener("push", (event) => {
  const { title, text, path, about } = read(event.data);
  event.waitUntil(
    self.registration.showNotification(title || "Projectionist", {
      body: text,
      icon: told.icon,
      badge: told.icon,
      data: { path },
      ...(about ? { tag: about, renotify: true } : {}),
    }),
  );
});

function read(data) {
  try {
    return data?.json() ?? {};
  } catch {
    return {}; // what is no message of ours is shown by our name alone
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(placeOf(event.notification.data?.path)));
});

// A message leads to pages of this house only, whatever it says.
function placeOf(path) {
  const home = `${location.origin}${told.base}/`;
  if (typeof path !== "string" || !/^\/(?![/\\])/.test(path)) return home;
  const place = new URL(`${told.base}${path}`, location.origin);
  return place.href.startsWith(home) ? place.href : home;
}

// A page that is open already comes to the front; what somebody does on another one is left as it is.
async function show(place) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find((one) => one.url.split("#")[0] === place);
  await (there ? there.focus() : self.clients.openWindow(place));
}

// The push service gave this browser another subscription, or wants it to ask for one.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function renew({ oldSubscription, newSubscription }) {
  const cache = await caches.open(SUBSCRIBED);
  const note = await (await cache.match(NOTE))?.json();
  const former = oldSubscription?.endpoint ?? note?.endpoint;
  const key = oldSubscription?.options?.applicationServerKey ?? note?.key;
  if (!former || !key) return; // the next visit of the page of notifications says that this browser has none
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const fresh = newSubscription ?? (await self.registration.pushManager.subscribe(options));
  const { endpoint, keys } = fresh.toJSON();
  await fetch(told.renewed, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ former, endpoint, keys }),
  });
  await cache.put(NOTE, new Response(JSON.stringify({ ...note, endpoint })));
}
