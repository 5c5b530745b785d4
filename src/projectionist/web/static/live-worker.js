// One event stream for all tabs of this browser; each tab gets every message.
const tabs = new Set();
let stream = null;
let again = 0;
let refused = false;
let address = "";
let recent = [];

// A browser gives up for good on a stream that was refused, as one too many is; room comes when others leave.
const AGAIN_MS = 20000;

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
  clearTimeout(again);
  stream = new EventSource(address);
  stream.onopen = () => {
    refused = false;
    tell({ kind: "open" });
    tell({ kind: "stale" });
  };
  stream.onmessage = (event) => tell({ kind: "event", text: event.data });
  stream.addEventListener("stale", () => tell({ kind: "stale" }));
  stream.onerror = () => {
    if (stream.readyState !== EventSource.CLOSED) return tell({ kind: "away" });
    again = setTimeout(open, AGAIN_MS);
    if (!refused) tell({ kind: "closed" });
    refused = true;
  };
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
        clearTimeout(again);
      }
    }
  };
  tab.start();
};
