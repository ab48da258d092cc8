"use strict";
// Printing, and "/" as the way back to the question. Nothing else: the pages work without this file.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
document.addEventListener("keydown", (event) => {
  const field = document.getElementById("applicant");
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && field && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
    field.select();
  }
});
// Once an answer stands, the list of suggestions has done its work.
document.addEventListener("htmx:afterSwap", (event) => {
  const list = document.getElementById("suggestions");
  if (event.target.id === "answer" && list) list.replaceChildren();
});
