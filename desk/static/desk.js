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
// What was asked needs no more suggestions; those still on their way are dropped.
let asked = null;
document.addEventListener("submit", (event) => {
  const field = document.getElementById("applicant");
  if (event.target.id === "ask" && field) asked = field.value;
}, true);
for (const name of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(name, (event) => {
    const field = document.getElementById("applicant");
    if (event.detail.target.id === "suggestions" && field && field.value === asked) event.preventDefault();
  });
}
// Once an answer stands, the list of suggestions has done its work.
document.addEventListener("htmx:afterSwap", (event) => {
  const list = document.getElementById("suggestions");
  if (event.target.id === "answer" && list) list.replaceChildren();
});
