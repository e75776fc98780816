/**
 * Starts the player of a terminal's recording, and jumps to what was asked.
 *
 * **Invariant:** the recording is asked for when somebody plays it, for that is recorded.
 *
 * @module
 */
export const playerStart = `
"use strict";
(() => {
  const place = document.getElementById("player");
  if (!place || typeof AsciinemaPlayer === "undefined") return;
  const options = { preload: false, fit: "width", terminalFontSize: "14px" };
  const player = AsciinemaPlayer.create(place.dataset.cast, place, options);
  for (const button of document.querySelectorAll("button[data-marker]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await player.play();
      await player.seek({ marker: Number(button.dataset.marker) });
      place.scrollIntoView({ block: "nearest" });
    });
  }
})();
`.trim();
