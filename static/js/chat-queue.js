// Messages that wait, and what is said in other windows: asks what is new when a reply has ended, when the
// page is seen again, and now and then while it rests.

const ASK_EVERY = 5000; // milliseconds
const scroll = document.getElementById("scroll");
const queue = () => document.getElementById("queue");

function askForNews() {
  if (queue() && !document.hidden) window.htmx?.trigger(queue(), "news");
}

// Words that are being changed are not drawn over; the news come when they are saved or let be.
function isEditing() {
  return queue().querySelector("[data-queued-edit][open]") !== null;
}

// A message that came with the news and with its own answer is shown once.
function showOnce() {
  const seen = new Set();
  for (const turn of document.querySelectorAll("#thread article[id]")) {
    if (seen.has(turn.id)) turn.remove();
    seen.add(turn.id);
  }
  for (const columns of document.querySelectorAll("#thread [data-beside]")) {
    if (!columns.querySelector("article")) columns.remove();
  }
}

document.body.addEventListener("reply-ended", askForNews);
document.addEventListener("visibilitychange", askForNews);
addEventListener("online", askForNews);
addEventListener("focus", askForNews);

// What is being written tells its end itself, and nobody loses the button that they are on.
function askWhileResting() {
  const isAtRest = !document.querySelector("#thread [data-stream]") && !queue()?.contains(document.activeElement);
  if (isAtRest) askForNews();
}
setInterval(askWhileResting, ASK_EVERY);

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target === queue() && isEditing()) event.preventDefault();
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "thread" && queue()?.querySelector("li")) askForNews();
});
document.body.addEventListener("htmx:afterSettle", showOnce);

// The page was drawn in the moment in which the next message was asked: that one is still to come.
function askForWhatIsMissing() {
  const waitsForReply = queue()?.querySelector(".queue__title") !== null;
  if (queue() && waitsForReply && !document.querySelector("#thread [data-stream]")) setTimeout(askForNews, 1000);
}
document.body.addEventListener("htmx:afterSettle", askForWhatIsMissing);
askForWhatIsMissing();
scroll.addEventListener("toggle", (event) => {
  if (event.target.matches?.("[data-queued-edit]:not([open])")) askForNews();
}, true);

// Asking for news is nothing that a person did: when it fails, nobody needs to hear of it. A waiting message
// that is gone was sent or deleted meanwhile; the news say so.
for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  scroll.addEventListener(trouble, (event) => {
    if (event.target === queue()) event.stopPropagation();
    else if (queue()?.contains(event.target) && event.detail.xhr.status === 404) {
      event.stopPropagation();
      askForNews();
    }
  });
}
