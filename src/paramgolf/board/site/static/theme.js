// Before the first paint: the theme that the reader chose here, else the system's.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  root.classList.add("scripted");
  function stored() {
    try { return window.localStorage.getItem("theme"); } catch (error) { return null; }
  }
  function shown() {
    return root.dataset.theme || (dark.matches ? "dark" : "light");
  }
  if (stored() === "dark" || stored() === "light") { root.dataset.theme = stored(); }
  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("theme");
    function label() {
      var next = shown() === "dark" ? "Light" : "Dark";
      button.textContent = next;
      button.setAttribute("aria-label", next + " colours");
    }
    button.hidden = false;
    label();
    dark.addEventListener("change", label);
    button.addEventListener("click", function () {
      root.dataset.theme = shown() === "dark" ? "light" : "dark";
      try { window.localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* private mode */ }
      label();
    });
  });
})();
