// One event stream for all tabs of this browser; each tab gets every message.
const tabs = new Set();
let stream = null;
let address = "";

function tell(message) {
  for (const tab of tabs) tab.postMessage(message);
}

function open() {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource(address);
  stream.onopen = () => tell({ kind: "open" });
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
