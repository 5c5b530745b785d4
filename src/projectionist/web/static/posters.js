// Moving across a poster, or arrow keys on it, scrubs through its preview frames.
const STEPS = 40;

function showAt(card, share) {
  const step = Math.round(Math.min(1, Math.max(0, share)) * STEPS);
  if (card.scrubStep === step) return;
  card.scrubStep = step;
  const picture = card.querySelector(".poster-picture");
  let image = picture.querySelector(".scrub");
  if (!image) {
    image = Object.assign(new Image(), { className: "scrub", alt: "", hidden: true });
    image.addEventListener("load", () => { image.hidden = false; });
    image.addEventListener("error", () => { image.hidden = true; });
    picture.append(image);
  }
  const address = new URL(card.dataset.scrub, location.href);
  address.searchParams.set("at", (step / STEPS).toFixed(3));
  image.src = address.href;
}

function end(card) {
  card.scrubStep = undefined;
  card.querySelector(".scrub")?.remove();
}

export function posters() {
  document.addEventListener("pointermove", (event) => {
    const card = event.pointerType !== "touch" && event.target.closest?.("[data-scrub]");
    if (!card) return;
    const { left, width } = card.getBoundingClientRect();
    showAt(card, (event.clientX - left) / width);
  }, { passive: true });
  document.addEventListener("pointerout", (event) => {
    const card = event.target.closest?.("[data-scrub]");
    if (card && !card.contains(event.relatedTarget)) end(card);
  });
  document.addEventListener("focusout", (event) => {
    const card = event.target.closest?.("[data-scrub]");
    if (card) end(card);
  });
  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.("[data-scrub]");
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!card || !by) return;
    event.preventDefault();
    showAt(card, ((card.scrubStep ?? 0) + by) / STEPS);
  });
}
