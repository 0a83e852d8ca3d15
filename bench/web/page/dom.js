/* Elements from text that nobody vouches for: it is only ever a text node or an attribute that cannot run. */
"use strict";

window.EcgBench = window.EcgBench || {};

(function (bench) {
  /* Return an element: el("p", { class: "note" }, "text", another). */
  bench.el = function (tag, given = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (value === null || value === undefined || value === false) { continue; }
      if (name.startsWith("on")) {
        made.addEventListener(name.slice(2), value);
      } else {
        made.setAttribute(name, value === true ? "" : String(value));
      }
    }
    made.append(...children.flat(3).filter((one) => one !== null && one !== undefined && one !== false));
    return made;
  };

  bench.put = function (place, ...children) {
    place.replaceChildren(...children.flat(3).filter((one) => one !== null && one !== undefined && one !== false));
  };

  /* A value of the taxonomy in words. */
  bench.words = function (names) {
    if (names === null || names === undefined) { return "no answer"; }
    if (!names.length) { return "nothing"; }
    return names.map(bench.word).join(", ");
  };

  /* A name as it is said; those of diagnoses are codes, and stay. */
  bench.word = (name) => (name === "none none" ? "none" : name === name.toUpperCase() ? name : name.replaceAll("_", " "));

  bench.MARKS = {
    r: { sign: "✓", says: "right" },
    R: { sign: "✓", says: "right where the majority answer is wrong" },
    w: { sign: "✗", says: "wrong" },
    u: { sign: "–", says: "no truth" },
    f: { sign: "!", says: "the call failed" },
    ".": { sign: "…", says: "not answered yet" },
    "-": { sign: "", says: "not asked" },
  };

  bench.mark = function (state) {
    const { sign, says } = bench.MARKS[state] || bench.MARKS["-"];
    return bench.el("span", { class: "mark", "data-state": state, role: "img", "aria-label": says, title: says }, sign);
  };

  bench.money = (dollars) => (dollars === null || dollars === undefined ? "–" : `$${dollars.toFixed(dollars < 1 ? 4 : 2)}`);

  /* Time a piece of work under a name that a browser's own tools and the tests can see. */
  bench.timed = function (name, work) {
    const begin = performance.now();
    const made = work();
    performance.measure(`ecg-bench ${name}`, { start: begin, end: performance.now() });
    return made;
  };
}(window.EcgBench));
