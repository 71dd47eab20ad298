// The gauge of the window, and what there is to say of a message before it is sent.

const composer = document.getElementById("composer");
const text = composer.elements.text;
const list = composer.querySelector("[data-attached]");
const hint = composer.querySelector("[data-hint]");
const models = JSON.parse(list.dataset.models);

const CHARACTERS_A_TOKEN = 4;
const REPLY_TOKENS = 4096; // as the server keeps them free for a reply
const REPLY_SHARE = 4;
const numbers = new Intl.NumberFormat("en-GB");

function gauge() {
  return document.getElementById("context");
}

function attached(kind) {
  const chips = [...list.querySelectorAll("[data-tokens]")];
  return kind ? chips.filter((chip) => chip.dataset.kind === kind) : chips;
}

function draft() {
  const files = attached().reduce((sum, chip) => sum + Number(chip.dataset.tokens), 0);
  return Math.ceil(text.value.length / CHARACTERS_A_TOKEN) + files;
}

function room(model) {
  return model.window - Math.min(REPLY_TOKENS, Math.floor(model.window / REPLY_SHARE));
}

function show() {
  const model = models[composer.elements.model.value] ?? {};
  const sizes = JSON.parse(gauge().dataset.sizes);
  const now = draft();
  const fits = model.window ? sizes.find((size) => size + now <= room(model)) : sizes[0];
  const used = (fits ?? sizes.at(-1)) + now;
  draw(used, model.window);
  const words = warning(model, now, fits === undefined);
  hint.hidden = !words;
  if (hint.textContent !== words) hint.textContent = words;
}

function draw(used, window) {
  const bar = gauge().querySelector("[data-bar]");
  const share = window ? used / window : 0;
  bar.max = window || 1;
  bar.value = window ? used : 0;
  bar.dataset.level = share > 0.95 ? "fail" : share > 0.75 ? "wait" : "";
  const said = window
    ? `About ${numbers.format(used)} of ${numbers.format(window)} tokens are used.`
    : `About ${numbers.format(used)} tokens are used. How many this model reads at once is not known.`;
  bar.textContent = said;
  gauge().querySelector("[data-share]").textContent = window ? `${Math.min(999, Math.round(share * 100))}%` : numbers.format(used);
  gauge().querySelector("[data-words]").textContent = said;
}

function warning(model, now, isFull) {
  if (attached("picture").length && !model.pictures) {
    return `${model.name} cannot read pictures. Choose a model that can, or remove them.`;
  }
  if (attached("document").length && !model.files) {
    return `${model.name} reads plain text alone. Choose another model, or remove the documents.`;
  }
  if (!isFull) return "";
  if (now > room(model)) {
    return `This message is too long for ${model.name}: about ${numbers.format(now)} tokens, and it reads ${numbers.format(room(model))} at once. Shorten it, or choose a model that reads more.`;
  }
  return "The window is full: when you send this, the oldest messages go to the model as a summary. You still see all of them.";
}

// --- after each reply the server knows better -----------------------------------------------------

async function ask() {
  const address = gauge().dataset.context;
  if (!address) return;
  const at = composer.elements.after?.value ?? document.getElementById("after")?.value ?? "";
  let html = "";
  try {
    const answer = await fetch(`${address}?at=${encodeURIComponent(at)}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) return;
    html = await answer.text();
  } catch {
    return; // the next reply asks again
  }
  const template = document.createElement("template");
  template.innerHTML = html;
  gauge().dataset.sizes = template.content.getElementById("context").dataset.sizes;
  place(template.content.querySelector(".summarised"));
  show();
}

function place(found) {
  const shown = document.querySelector("#thread .summarised");
  const target = found && document.getElementById(found.dataset.after);
  if (shown?.dataset.after === found?.dataset.after) return;
  shown?.remove();
  target?.after(found);
}

document.body.addEventListener("reply-ended", ask);
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "thread") ask();
});

// Numbers that are read stay open while new ones take their place.
let isRead = false;
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "outlook") isRead = detail.target.querySelector(".gauge")?.open ?? false;
});
document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (isRead && detail.target.id === "outlook") document.querySelector("#outlook .gauge")?.setAttribute("open", "");
});

text.addEventListener("input", show);
composer.addEventListener("attached", show);
composer.addEventListener("change", show);
composer.addEventListener("chat:sent", () => setTimeout(show));
show();
