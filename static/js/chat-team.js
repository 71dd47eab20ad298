// A shared conversation as others read it: asks what was said since, so that it goes on without a reload.

const ASK_EVERY = 3000; // milliseconds
const asking = () => document.getElementById("asking");

function ask() {
  if (asking() && !document.hidden) window.htmx?.trigger(asking(), "news");
}

setInterval(ask, ASK_EVERY);
document.body.addEventListener("reply-ended", ask);
document.addEventListener("visibilitychange", ask);
addEventListener("online", ask);

// Nobody asked for this by hand: when it fails, the next time does it. What is not shared any more goes away.
for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.getElementById("shown").parentElement.addEventListener(trouble, (event) => {
    event.stopPropagation();
    if (event.detail.xhr?.status === 404) location.reload();
  });
}
