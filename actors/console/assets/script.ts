/**
 * The console's one script. Every page works without it: it keeps lists current, counts the time to
 * an expiry down, and says when what is shown has changed.
 *
 * **Invariant:** it never asks for a recording: that would be recorded as a reading nobody did.
 *
 * @module
 */
export const script = `
"use strict";
(() => {
  const body = document.body;
  const mode = body.dataset.live;
  const pad = (value) => String(value).padStart(2, "0");
  const tick = () => {
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = Math.floor((Date.parse(time.dateTime) - Date.now()) / 1000);
      const hours = Math.floor(left / 3600);
      const minutes = Math.floor(left / 60) % 60;
      time.textContent = left <= 0
        ? "expired"
        : (hours > 0 ? hours + ":" + pad(minutes) : minutes) + ":" + pad(left % 60) + " left";
    }
    for (const time of document.querySelectorAll("time[data-local]")) {
      time.textContent = new Date(time.dateTime).toLocaleString(undefined, {
        dateStyle: "medium",
        timeStyle: "medium",
      });
      time.removeAttribute("data-local");
    }
  };
  tick();
  setInterval(tick, 1000);
  if (!mode || !("EventSource" in window)) return;
  let timer = 0;
  const refresh = async () => {
    if (mode === "list") {
      const answer = await fetch(location.href, { headers: { accept: "text/html", "sallyport-idle": "1" } });
      if (!answer.ok || answer.redirected) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      const shown = document.querySelector("main");
      if (fresh && shown && fresh.innerHTML !== shown.innerHTML) {
        const at = document.activeElement && document.activeElement.getAttribute("href");
        shown.replaceWith(document.adoptNode(fresh));
        const again = at && document.querySelector('a[href="' + CSS.escape(at) + '"]');
        if (again) again.focus();
        tick();
      }
      return;
    }
    const headers = { accept: "application/json", "sallyport-idle": "1" };
    const answer = await fetch(location.pathname + "/state", { headers });
    if (!answer.ok) return;
    const { version } = await answer.json();
    if (version !== body.dataset.version) document.getElementById("changed").hidden = false;
  };
  const events = new EventSource("/events");
  events.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(() => refresh().catch(() => {}), 150);
  });
  events.addEventListener("end", () => location.reload());
})();
`.trim();
