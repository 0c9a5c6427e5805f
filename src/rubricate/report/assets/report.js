"use strict";
(() => {
  const open = () => {
    const target = /^#r\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (target) { target.hidden = false; target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#r']");
    if (link && link.hash === location.hash) open();
  });

  const tools = document.querySelector(".tools");
  const all = [...document.querySelectorAll(".response")];
  if (tools && all.length) {
    const [input, opener, closer, said] = ["input", "button", "button:nth-of-type(2)", "output"].map((s) => tools.querySelector(s));
    const words = new Map();
    const read = (one) => {
      if (!words.has(one)) {
        const group = one.closest(".group");
        words.set(one, ((group ? group.querySelector("h3").textContent + " " : "") + one.textContent).toLowerCase());
      }
      return words.get(one);
    };
    let waiting;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const wanted = input.value.trim().toLowerCase();
        let shown = 0;
        for (const one of all) { one.hidden = wanted !== "" && !read(one).includes(wanted); shown += !one.hidden; }
        for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector(".response:not([hidden])");
        said.textContent = wanted ? `${shown} of ${all.length}` : "";
      }, 150);
    });
    const fold = (state) => () => { for (const one of all) if (!one.hidden) one.open = state; };
    opener.addEventListener("click", fold(true));
    closer.addEventListener("click", fold(false));
    tools.hidden = false;
  }

  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = parseFloat(text.replace("−", "-").replaceAll(",", ""));
    return Number.isNaN(number) ? text : number;
  };
  const order = (a, b) => {
    if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b);
    return typeof a === "number" ? -1 : 1;
  };
  for (const table of document.querySelectorAll("table.sort")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => order(value(a, column), value(b, column)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  }
  open();
})();
