/* Where data come from: the server as JSON, or scripts beside a page that was opened from files. */
"use strict";

(function (bench) {
  const KEPT = 24;
  const isServed = document.querySelector("meta[name=source]").content === "server";
  const kept = new Map();
  const waiting = new Map();

  async function served(name) {
    let answer;
    try {
      answer = await fetch(`data/${name}.json`);
    } catch {
      throw new Error("The server has ended: start 'bench view' again.");
    }
    if (!answer.ok) { throw new Error(`There is no ${name} here.`); }
    return answer.json();
  }

  function fromFile(name) {
    return new Promise((resolve, reject) => {
      waiting.set(name, resolve);
      const script = document.createElement("script");
      script.src = `data/${name}.js`;
      const over = (said) => {
        script.remove();
        if (waiting.delete(name)) { reject(new Error(said)); }
      };
      script.onload = () => over(`data/${name}.js is damaged: export again.`);
      script.onerror = () => over(`data/${name}.js is missing: export again.`);
      document.head.append(script);
    });
  }

  /* Called by each script of an export with its JSON as text. */
  bench.give = function (name, text) {
    const resolve = waiting.get(name);
    waiting.delete(name);
    if (resolve) { resolve(JSON.parse(text)); }
  };

  bench.source = {
    isServed,

    /* Return what has a name; a few are kept, so that a case that was fetched ahead is there at once. */
    get(name) {
      if (kept.has(name)) {
        const found = kept.get(name);
        kept.delete(name);
        kept.set(name, found);
        return found;
      }
      const found = isServed ? served(name) : fromFile(name);
      kept.set(name, found);
      found.catch(() => kept.delete(name));
      while (kept.size > KEPT) { kept.delete(kept.keys().next().value); }
      return found;
    },

    forget(name) { kept.delete(name); },

    forgetMatching(pattern) {
      for (const name of [...kept.keys()]) { if (pattern.test(name)) { kept.delete(name); } }
    },

    picture: (name) => `pictures/${name}`,
  };
}(window.EcgBench));
