// Shows replies as they are written: one connection a reply, finished blocks appended and never redrawn.
// The htmx extension for server-sent events does not fit: it asks for ever again after a 204, cannot fall
// back to asking each second, and puts every frame through a whole swap.

const ASK_EVERY = 1000; // milliseconds, when streams have run short
const LET_GO_AFTER = 10_000; // milliseconds out of sight: a browser has few connections, and phones cut them
const GONE = new Set([401, 403, 404]); // asking again would not help
const INLINE = new Set(["A", "CODE", "EM", "S", "SPAN", "STRONG", "BR", "INPUT", "BUTTON"]);

function part(reply, name) {
  return reply.querySelector(`[data-part="${name}"]`);
}

// The block in which plain characters go on: the last paragraph, list item, cell or piece of code.
function growingEnd(tail) {
  let end = tail;
  for (let next = end.lastElementChild; next && goesOn(end, next); next = end.lastElementChild) end = next;
  return end;
}

function goesOn(end, next) {
  const rest = end.lastChild;
  const isLast = rest === next || (rest.nodeType === Node.TEXT_NODE && !rest.data.trim());
  return isLast && (!INLINE.has(next.tagName) || end.tagName === "PRE");
}

function append(tail, text) {
  const end = growingEnd(tail);
  if (end.tagName === "P" || end.tagName === "CODE") end.append(text);
  else if (end.lastChild?.nodeType === Node.TEXT_NODE) end.lastChild.data = end.lastChild.data.replace(/\n$/, "") + text;
  else end.append(text);
}

// Readers of a shared conversation get no thinking, and their page has no place for it.
function think(reply, text) {
  if (!text) return;
  part(reply, "reasoning").append(text);
  reply.querySelector("[data-thinking]").hidden = false;
}

// Thoughts that are there already stay, as a reader may be among them.
function takeThoughts(reply, text) {
  const thoughts = part(reply, "reasoning");
  if (!thoughts || thoughts.textContent === text) return;
  thoughts.textContent = text;
  reply.querySelector("[data-thinking]").hidden = !text;
}

function hasContent(reply) {
  reply.querySelector("[data-waiting]")?.setAttribute("hidden", "");
}

const SHOW = {
  reply(reply, { reasoning, blocks, tail }) {
    takeThoughts(reply, reasoning);
    if (part(reply, "blocks").innerHTML !== blocks) part(reply, "blocks").innerHTML = blocks;
    part(reply, "tail").innerHTML = tail;
    if (reasoning || blocks || tail) hasContent(reply);
  },
  block(reply, html) {
    part(reply, "tail").textContent = "";
    part(reply, "blocks").insertAdjacentHTML("beforeend", html);
  },
  tail(reply, html) {
    part(reply, "tail").innerHTML = html;
    hasContent(reply);
  },
  text(reply, text) {
    append(part(reply, "tail"), text);
  },
  reasoning(reply, text) {
    think(reply, text);
    hasContent(reply);
  },
};

const ENDS = { failed: "failed", cancelled: "was stopped", interrupted: "broke off" };

// Who listens hears once that a reply has ended, and reads it where it stands. Of several each is heard.
function announce(reply) {
  const line = document.createElement("p");
  line.textContent = `${reply.getAttribute("aria-label")} ${ENDS[reply.dataset.status] ?? "is finished"}.`;
  document.getElementById("reply-news").append(line);
}

// Blocks that are there already stay, with what a reader has selected in them or scrolled to.
// One whose marks lead to the sources now is drawn anew, and those after it stay as they are.
function takeBlocks(shown, drawn) {
  const blocks = [...drawn.childNodes];
  while (shown.childNodes.length > blocks.length) shown.lastChild.remove();
  for (const [at, block] of blocks.entries()) {
    const before = shown.childNodes[at];
    if (!before) shown.append(block);
    else if (!before.isEqualNode(block)) before.replaceWith(block);
  }
}

function takeAttributes(reply, finished) {
  for (const { name } of [...reply.attributes]) if (!finished.hasAttribute(name)) reply.removeAttribute(name);
  for (const { name, value } of finished.attributes) reply.setAttribute(name, value);
}

function takeThinking(reply, finished) {
  const line = finished.querySelector("[data-thinking] > summary");
  if (!line) return;
  reply.querySelector("[data-thinking] > summary").replaceChildren(...line.childNodes);
  takeThoughts(reply, part(finished, "reasoning").textContent);
}

// Draws all but the words and the thinking anew.
function become(reply, finished) {
  const stays = (root) => [root.querySelector("[data-thinking]"), part(root, "blocks").parentElement].filter(Boolean);
  const kept = stays(reply);
  const drawn = stays(finished);
  takeBlocks(part(reply, "blocks"), part(finished, "blocks"));
  part(reply, "tail").remove();
  takeThinking(reply, finished);
  takeAttributes(reply, finished);
  for (const child of [...reply.childNodes]) if (!kept.includes(child)) child.remove();
  const children = [...finished.childNodes];
  kept[0].before(...children.slice(0, children.indexOf(drawn[0])));
  kept.at(-1).after(...children.slice(children.indexOf(drawn.at(-1)) + 1));
}

function finish(reply, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const finished = template.content.querySelector("article");
  if (!finished) {
    reply.remove(); // nothing was said, or it is not to be read any more
    document.body.dispatchEvent(new CustomEvent("reply-ended"));
    return;
  }
  const hadFocus = reply.contains(document.activeElement);
  become(reply, finished);
  window.htmx?.process(reply);
  if (hadFocus && !reply.contains(document.activeElement)) document.getElementById("id_text")?.focus();
  announce(reply);
  const isLast = !document.querySelector("#thread [data-stream]");
  if (isLast) document.querySelector(`#entry-${reply.dataset.conversation} .entry__writing`)?.remove();
  document.body.dispatchEvent(new CustomEvent("reply-ended"));
}

const open = new Map();

function follow(reply) {
  if (reply.dataset.followed) return;
  reply.dataset.followed = "yes";
  document.getElementById("reply-news").replaceChildren(); // the same words are heard again only when they come anew
  const source = new EventSource(reply.dataset.stream);
  open.set(reply, source);
  for (const [name, show] of Object.entries(SHOW)) {
    source.addEventListener(name, (event) => {
      if (reply.isConnected) show(reply, JSON.parse(event.data));
      else source.close();
    });
  }
  source.addEventListener("done", (event) => {
    source.close();
    open.delete(reply);
    if (reply.isConnected) finish(reply, JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    // A lost connection is taken up again by the browser itself; a refused one is not.
    if (source.readyState !== EventSource.CLOSED) return;
    open.delete(reply);
    if (reply.isConnected) setTimeout(ask, ASK_EVERY, reply);
  });
}

// Every connection begins with all that was said so far, so letting go loses nothing.
function letGo() {
  for (const [reply, source] of open) {
    source.close();
    delete reply.dataset.followed;
  }
  open.clear();
}

let hiddenAt = 0;
let letGoLater;
document.addEventListener("visibilitychange", () => {
  clearTimeout(letGoLater);
  if (document.hidden) {
    hiddenAt = Date.now();
    letGoLater = setTimeout(letGo, LET_GO_AFTER);
    return;
  }
  if (Date.now() - hiddenAt >= LET_GO_AFTER) letGo(); // a phone that slept ran no clock
  followAll();
});
for (const back of ["online", "pageshow"]) {
  addEventListener(back, () => {
    letGo();
    followAll();
  });
}

async function ask(reply) {
  if (!reply.isConnected) return;
  let html = null;
  try {
    const answer = await fetch(reply.dataset.poll, { headers: { "HX-Request": "true" } });
    if (answer.redirected || GONE.has(answer.status)) return;
    if (answer.ok) html = await answer.text();
  } catch {
    // The server cannot be reached just now: ask again.
  }
  const template = document.createElement("template");
  template.innerHTML = html ?? "";
  const found = template.content.querySelector("article");
  if (html !== null && !found?.dataset.stream) {
    finish(reply, html);
    return;
  }
  if (found) {
    SHOW.reply(reply, {
      reasoning: part(found, "reasoning")?.textContent,
      blocks: part(found, "blocks").innerHTML,
      tail: "",
    });
  }
  setTimeout(ask, ASK_EVERY, reply);
}

function followAll() {
  if (document.hidden) return;
  for (const reply of document.querySelectorAll("[data-stream]")) follow(reply);
}

document.body.addEventListener("htmx:afterSettle", followAll);
followAll();
