// Relative times grow older while a page stays open; the exact one, on hover, is in the zone that the viewer chose,
// else in that of their browser.
const UNITS = [
  [31536000, "y", "year"], [2592000, "mo", "month"], [86400, "d", "day"],
  [3600, "h", "hour"], [60, "min", "minute"], [1, "s", "second"],
];
// English has its own short words here; in every other language the server says what `Intl` says.
const language = document.documentElement.lang;
const inWords = language === "en" ? null : new Intl.RelativeTimeFormat(language);

function words(moment) {
  const seconds = (Date.now() - moment) / 1000;
  const away = Math.abs(seconds);
  if (away < 5) return null;
  const [size, unit, name] = UNITS.find(([one]) => away >= one) ?? UNITS.at(-1);
  const number = Math.floor(away / size);
  if (inWords) return inWords.format(seconds < 0 ? number : -number, name);
  const text = `${number} ${unit}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function tellExactly(event) {
  const element = event.target.closest?.("time[data-time]");
  if (!element) return;
  const timeZone = document.documentElement.dataset.timeZone || undefined;
  element.title = new Date(element.dateTime).toLocaleString(language === "en" ? "en-GB" : language, {
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
