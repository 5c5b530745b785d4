// One event stream for all tabs of this browser; each tab gets every message.
const tabs = new Set();
let stream = null;
let address = "";
let recent = [];

// What came just now is told to a tab that opens: its page may have been made a moment before.
function remember(message) {
  const now = Date.now();
  recent = [...recent.filter((one) => now - one.at < 5000), { at: now, message }].slice(-50);
}

function tell(message) {
  if (message.kind === "event") remember(message);
  for (const tab of tabs) tab.postMessage(message);
}

function open() {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource(address);
  stream.onopen = () => {
    tell({ kind: "open" });
    tell({ kind: "stale" });
  };
  stream.onmessage = (event) => tell({ kind: "event", text: event.data });
  stream.addEventListener("stale", () => tell({ kind: "stale" }));
  stream.onerror = () => tell({ kind: stream.readyState === EventSource.CLOSED ? "closed" : "away" });
}

onconnect = ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.onmessage = ({ data }) => {
    if (data.kind === "hello") {
      address = data.address;
      open();
      const now = Date.now();
      for (const one of recent) if (now - one.at < 5000) tab.postMessage(one.message);
    } else if (data.kind === "bye") {
      tabs.delete(tab);
      if (!tabs.size && stream) {
        stream.close();
        stream = null;
      }
    }
  };
  tab.start();
};
