// Live events for this tab, out of the stream that all tabs share: each becomes `live:TOPIC` on the body.
function receive(message) {
  const body = document.body;
  if (message.kind === "event") {
    const { topic, data } = JSON.parse(message.text);
    body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: { topic, data } }));
  } else {
    body.dispatchEvent(new CustomEvent(`live:${message.kind}`));
  }
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
  const follow = () => {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource(address);
      stream.onopen = () => receive({ kind: "open" });
      stream.onmessage = (event) => receive({ kind: "event", text: event.data });
      stream.addEventListener("stale", () => receive({ kind: "stale" }));
      stream.onerror = () => receive({ kind: stream.readyState === EventSource.CLOSED ? "closed" : "away" });
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
  if ("SharedWorker" in window) shared(events, liveWorker);
  else own(events);
}
