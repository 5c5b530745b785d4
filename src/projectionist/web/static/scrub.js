// Moving across a card, or arrow keys on it, scrubs through the frames of its preview.
// A card names in data-frames where it is told how many frames there are, and where each one is.
const strips = new Map();

async function load(address) {
  const answer = await fetch(address, { headers: { accept: "application/json" } });
  if (!answer.ok) return null;
  const strip = await answer.json();
  return strip.count > 0 ? strip : null;
}

function stripOf(card) {
  const address = card.dataset.frames;
  if (!strips.has(address)) strips.set(address, load(address).catch(() => null));
  return strips.get(address);
}

async function showAt(card, share) {
  card.scrubbing = Math.min(1, Math.max(0, share));
  const strip = await stripOf(card);
  if (!strip || card.scrubbing === undefined) return;
  const number = Math.min(strip.count - 1, Math.floor(card.scrubbing * strip.count));
  const picture = card.querySelector(".poster-picture");
  let frame = picture.querySelector(".poster-frame");
  if (!frame) {
    frame = Object.assign(new Image(), { className: "poster-frame", alt: "", hidden: true });
    frame.addEventListener("load", () => { frame.hidden = false; });
    frame.addEventListener("error", () => { frame.hidden = true; });
    picture.append(frame);
  }
  const address = strip.url_template.replace("{n}", number);
  if (frame.getAttribute("src") !== address) frame.src = address;
}

async function step(card, by) {
  const strip = await stripOf(card);
  if (strip) showAt(card, (card.scrubbing ?? 0) + by / Math.min(strip.count, 40));
}

function end(card) {
  card.scrubbing = undefined;
  card.querySelector(".poster-frame")?.remove();
}

const cardOf = (event) => event.target.closest?.("[data-frames]");

document.addEventListener("pointermove", (event) => {
  const card = event.pointerType !== "touch" && cardOf(event);
  if (!card) return;
  const { left, width } = card.getBoundingClientRect();
  showAt(card, (event.clientX - left) / width);
}, { passive: true });
document.addEventListener("pointerout", (event) => {
  const card = cardOf(event);
  if (card && !card.contains(event.relatedTarget)) end(card);
});
document.addEventListener("focusout", (event) => {
  const card = cardOf(event);
  if (card) end(card);
});
document.addEventListener("keydown", (event) => {
  const card = cardOf(event);
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!card || !by) return;
  event.preventDefault();
  step(card, by);
});
