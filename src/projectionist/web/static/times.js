// Relative times grow older while a page stays open; the exact one, on hover, is in the zone that the viewer chose,
// else in that of their browser.
const UNITS = [[31536000, "y"], [2592000, "mo"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function words(moment) {
  const seconds = (Date.now() - moment) / 1000;
  const away = Math.abs(seconds);
  if (away < 5) return null;
  const [size, unit] = UNITS.find(([one]) => away >= one) ?? UNITS.at(-1);
  const text = `${Math.floor(away / size)} ${unit}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function tellExactly(event) {
  const element = event.target.closest?.("time[data-time]");
  if (!element) return;
  const timeZone = document.documentElement.dataset.timeZone || undefined;
  element.title = new Date(element.dateTime).toLocaleString("en-GB", {
    weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone, timeZoneName: "short",
  });
}

export function times() {
  document.addEventListener("pointerover", tellExactly);
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[data-time]")) {
      const text = words(Date.parse(element.dateTime));
      if (text && text !== element.textContent) element.textContent = text;
    }
  }, 20000);
}
