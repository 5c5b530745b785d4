// Live events for this tab, out of the stream that all tabs share. Every event is `live-event` on the body; and
// `live:TOPIC`, for what loads itself anew, comes at most once in PAUSE_MS, the last one never left out.
const PAUSE_MS = 1000;
// A browser gives up for good on a stream that was refused, as one too many is; room comes when others leave.
const AGAIN_MS = 20000;
const topics = new Map();

function tell(topic, data) {
  const at = topics.get(topic) ?? { last: 0, timer: 0 };
  topics.set(topic, at);
  at.data = data;
  if (at.timer) return;
  const wait = Math.max(0, at.last + PAUSE_MS - Date.now());
  const now = () => {
    at.timer = 0;
    at.last = Date.now();
    document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: { topic, data: at.data } }));
  };
  if (wait) at.timer = setTimeout(now, wait);
  else now();
}

function receive(message) {
  if (message.kind !== "event") {
    document.body.dispatchEvent(new CustomEvent(`live:${message.kind}`));
    return;
  }
  const { topic, data } = JSON.parse(message.text);
  document.body.dispatchEvent(new CustomEvent("live-event", { detail: { topic, data } }));
  tell(topic, data);
}

function shared(address, script) {
  const worker = new SharedWorker(script, { name: "projectionist-live" });
  const hello = () => worker.port.postMessage({ kind: "hello", address });
  worker.port.onmessage = ({ data }) => receive(data);
  worker.port.start();
  hello();
  addEventListener("pagehide", () => worker.port.postMessage({ kind: "bye" }));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

// Without shared workers, only the tab that is seen keeps a stream, so it is still one per browser.
function own(address) {
  let stream = null;
  let again = 0;
  const follow = () => {
    clearTimeout(again);
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream || stream.readyState === EventSource.CLOSED) {
      stream = new EventSource(address);
      stream.onopen = () => receive({ kind: "open" });
      stream.onmessage = (event) => receive({ kind: "event", text: event.data });
      stream.addEventListener("stale", () => receive({ kind: "stale" }));
      stream.onerror = () => {
        const isOver = stream.readyState === EventSource.CLOSED;
        if (isOver) again = setTimeout(follow, AGAIN_MS);
        receive({ kind: isOver ? "closed" : "away" });
      };
    }
  };
  let hidden = document.hidden;
  document.addEventListener("visibilitychange", () => {
    follow();
    if (hidden && !document.hidden) receive({ kind: "stale" });
    hidden = document.hidden;
  });
  follow();
}

export function listen() {
  const { events, liveWorker } = document.body.dataset;
  if (!events) return;
  // What loads itself, again and again or as the page was opened, is nothing that somebody does: it has no event, or
  // one that no hand has made. It keeps nobody signed in.
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    const made = detail.triggeringEvent;
    if (!made || made.type.startsWith("live:")) detail.headers["X-Background"] = "1";
  });
  if ("SharedWorker" in window) shared(events, liveWorker);
  else own(events);
}
