// Keys for the register: / searches, j and k walk the rows, Enter opens (it is a link), ? shows the keys.
// Nothing here is needed to read a page.
"use strict";

const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

const step = (by) => {
  const links = [...document.querySelectorAll("a.row")];
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
  if (next) {
    next.focus();
    next.closest("tr").scrollIntoView({ block: "nearest" });
  }
};

const keys = {
  "/": () => document.getElementById("search")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  "?": () => {
    const list = document.querySelector("details.keys");
    if (list) {
      list.open = !list.open;
      list.querySelector("summary").focus();
    }
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const act = keys[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
