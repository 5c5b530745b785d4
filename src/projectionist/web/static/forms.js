// Forms: dangerous acts are asked about by name, unsaved changes are not lost by accident, choices hold at once.
const words = () => document.getElementById("toasts").dataset;

export function ask(text) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener("close", () => answered(dialog.returnValue === "yes"), { once: true });
  });
}

export function forms() {
  const agreed = new WeakSet();
  let dirty = null;
  const confirmFirst = async (event) => {
    const form = event.target;
    const text = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (text && !agreed.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      if (!(await ask(text))) return;
      agreed.add(form);
      form.requestSubmit(submitter ?? undefined);
      agreed.delete(form);
    } else if (form === dirty) {
      dirty = null;
    }
  };
  document.addEventListener("submit", confirmFirst, true);
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) dirty = form;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("select")) event.target.closest("form[data-at-once]")?.requestSubmit();
  });
  addEventListener("beforeunload", (event) => {
    if (dirty?.isConnected) event.preventDefault();
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (dirty?.isConnected && event.detail.boosted && !confirm(words().unsaved)) event.preventDefault();
  });
}
