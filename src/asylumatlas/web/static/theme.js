// The reader's theme: light, dark, or as the system has it. Kept in this browser only, no cookie.
// A classic script in the head, so that a page never shows in the wrong theme first.
(() => {
  "use strict";
  const KEY = "atlas-theme";
  const ORDER = ["auto", "light", "dark"];
  const root = document.documentElement;

  const kept = () => {
    try {
      const found = localStorage.getItem(KEY);
      return ORDER.includes(found) ? found : "auto";
    } catch {
      return "auto"; // storage is switched off
    }
  };
  const set = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  set(kept());

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("button[data-theme-button]")) {
      const label = () => {
        button.textContent = button.dataset[kept()];
      };
      button.hidden = false;
      label();
      button.addEventListener("click", () => {
        const next = ORDER[(ORDER.indexOf(kept()) + 1) % ORDER.length];
        try {
          localStorage.setItem(KEY, next);
        } catch {
          // it then holds for this page only
        }
        set(next);
        label();
        root.dispatchEvent(new CustomEvent("themechange"));
      });
    }
  });
})();
