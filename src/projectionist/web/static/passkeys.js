// Passkeys: asks the browser for what only it can say, sends that to the API, and goes on.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const words = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

async function send(address, body) {
  const headers = { accept: "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(address, { method: "POST", headers, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told;
}

async function use({ question, send: address }) {
  const asked = await send(question);
  const { rawId, response } = await navigator.credentials.get({
    publicKey: { challenge: bytes(asked.challenge), rpId: asked.host, userVerification: "required" },
  });
  await send(address, {
    id: words(rawId),
    client_data: words(response.clientDataJSON),
    authenticator_data: words(response.authenticatorData),
    signature: words(response.signature),
    remember: document.getElementById("remember")?.checked ?? false,
  });
}

async function make({ question, send: address }, { name, password }) {
  const asked = await send(question, { password: password.value });
  const { rawId, response } = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(asked.challenge),
      rp: { id: asked.host, name: "Projectionist" },
      user: { id: bytes(asked.handle), name: asked.name, displayName: asked.name },
      pubKeyCredParams: asked.algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: asked.known.map((id) => ({ type: "public-key", id: bytes(id) })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
    },
  });
  await send(address, {
    name: name.value,
    id: words(rawId),
    client_data: words(response.clientDataJSON),
    authenticator_data: words(response.getAuthenticatorData()),
    public_key: words(response.getPublicKey()),
    algorithm: response.getPublicKeyAlgorithm(),
  });
}

async function tried(part, work) {
  const said = part.querySelector("[data-passkey-said]");
  said.textContent = "";
  if (!window.PublicKeyCredential) {
    said.textContent = said.dataset.none;
    return;
  }
  try {
    await work();
    location.assign(part.dataset.next);
  } catch (error) {
    said.textContent =
      error instanceof DOMException ? (error.name === "SecurityError" ? said.dataset.none : said.dataset.cancelled) : error.message;
  }
}

export function passkeys() {
  document.addEventListener("click", ({ target }) => {
    const part = target.closest("[data-use-passkey]")?.closest("[data-question]");
    if (part) tried(part, () => use(part.dataset));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-new-passkey]")) return;
    event.preventDefault();
    tried(form, () => make(form.dataset, form.elements));
  });
}
