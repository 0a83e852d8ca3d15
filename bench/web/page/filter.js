/* Which cases of a table are wanted. A table is the JSON of a run; nothing here touches the page. */
"use strict";

(function (bench) {
  const RIGHT = new Set(["r", "R"]);

  bench.KINDS = [
    ["all", "all cases"],
    ["wrong", "wrong"],
    ["right", "right"],
    ["beyond", "right where the majority answer is wrong"],
    ["failed", "failed calls"],
    ["empty", "no answer"],
    ["waiting", "not answered yet"],
  ];

  const TESTS = {
    all: () => true,
    wrong: (states) => states.includes("w"),
    right: (states) => states.some((one) => RIGHT.has(one)) && !states.includes("w") && !states.includes("f"),
    beyond: (states) => states.includes("R"),
    failed: (states) => states.includes("f"),
    waiting: (states) => states.includes("."),
  };

  /* The places of values that hold a name; "axis=name" where no axis is chosen. */
  function holding(axes, wanted) {
    const [axis, name] = wanted.split("=");
    const found = axes.find((one) => one.name === axis);
    if (!found) { return () => true; }
    const places = new Set();
    found.values.forEach((names, place) => {
      if (name === "" ? !names.length : names.includes(name)) { places.add(place); }
    });
    return (part, k) => places.has(found[part][k]);
  }

  /* Tell how a case flipped on some axes against another run: "gained", "lost", "both" or nothing. */
  function flipped(axes, k, other, place) {
    if (place === undefined) { return ""; }
    let [gained, lost] = [false, false];
    for (const axis of axes) {
      const twin = other.byName.get(axis.name);
      if (!twin) { continue; }
      const [own, its] = [axis.state[k], twin.state[place]];
      const known = (state) => RIGHT.has(state) || state === "w";
      if (!known(own) || !known(its) || RIGHT.has(own) === RIGHT.has(its)) { continue; }
      RIGHT.has(own) ? gained = true : lost = true;
    }
    return gained && lost ? "both" : gained ? "gained" : lost ? "lost" : "";
  }

  /* Return a table with what filters look up. */
  bench.indexed = function (table) {
    return {
      ...table,
      byName: new Map(table.axes.map((axis) => [axis.name, axis])),
      placeOf: new Map(table.ids.map((id, place) => [String(id), place])),
    };
  };

  /* Return the places of the wanted cases in their order.

     wanted: axis ("" for any), truth and answer ("axis=name" or ""), kind, text (in an id), direction ("any", "gained",
     "lost"), sort ({by, down}); other: an indexed table of another run, or null. */
  bench.filtered = function (table, wanted, other) {
    const axes = wanted.axis ? table.axes.filter((axis) => axis.name === wanted.axis) : table.axes;
    const isTrue = wanted.truth ? holding(table.axes, wanted.truth) : null;
    const isSaid = wanted.answer ? holding(table.axes, wanted.answer) : null;
    const text = (wanted.text || "").trim().toLowerCase();
    const test = wanted.kind === "empty"
      ? (states, k) => states.some((one, n) => axes[n].answer[k] < 0 && one !== "f" && one !== "." )
      : TESTS[wanted.kind] || TESTS.all;
    const found = [];
    for (let k = 0; k < table.ids.length; k += 1) {
      if (text && !String(table.ids[k]).toLowerCase().includes(text)) { continue; }
      if (isTrue && !isTrue("truth", k)) { continue; }
      if (isSaid && !isSaid("answer", k)) { continue; }
      if (!test(axes.map((axis) => axis.state[k]), k)) { continue; }
      if (other) {
        const how = flipped(axes, k, other, other.placeOf.get(String(table.ids[k])));
        if (!how || (wanted.direction !== "any" && how !== "both" && how !== wanted.direction)) { continue; }
      }
      found.push(k);
    }
    return sorted(table, found, wanted.sort);
  };

  function sorted(table, found, sort) {
    if (!sort) { return found; }
    const axis = table.byName.get(sort.by);
    const key = axis ? (k) => axis.answer[k] : sort.by === "right" ? (k) => bench.counted(table, k).right : (k) => k;
    const keys = new Map(found.map((k) => [k, key(k)]));
    const sign = sort.down ? -1 : 1;
    return found.sort((one, two) => sign * (keys.get(one) - keys.get(two)) || one - two);
  }

  /* How many axes of a case are right, of how many that have a truth. */
  bench.counted = function (table, k) {
    let [right, known] = [0, 0];
    for (const axis of table.axes) {
      if (RIGHT.has(axis.state[k])) { right += 1; known += 1; } else if (axis.state[k] === "w") { known += 1; }
    }
    return { right, known };
  };
}(window.EcgBench));
