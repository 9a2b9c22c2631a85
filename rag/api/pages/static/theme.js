// A classic script in the head: the theme must stand before the first paint.
"use strict";

(() => {
  const KEY = "whetstone.theme";
  const THEMES = ["system", "light", "dark"];

  function stored() {
    try {
      const theme = localStorage.getItem(KEY);
      return THEMES.includes(theme) ? theme : "system";
    } catch {
      return "system"; // storage is switched off in this browser
    }
  }

  function apply(theme) {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  apply(stored());

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-button]");
    if (!button) return;
    let theme = stored();
    const name = () => {
      button.dataset.shows = theme;
      button.setAttribute("aria-label", `Theme: ${theme}`);
      button.title = `Theme: ${theme}`;
    };
    name();
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      apply(theme);
      name();
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // It lasts as long as the page then.
      }
    });
    addEventListener("storage", (event) => {
      if (event.key !== KEY) return;
      theme = stored();
      apply(theme);
      name();
    });
  });
})();
