// Tips for the points of charts, and folded tables opened for print. The page can be read without it.
(() => {
  "use strict";
  const tip = document.getElementById("tip"), reach = 22;
  for (const chart of document.querySelectorAll("svg.chart")) {
    const marks = [...chart.querySelectorAll(".mark")].map((node) => {
      const title = node.querySelector("title"), text = title.textContent;
      title.remove();  // else the browser shows its own tip beside ours
      return { node, text, x: +node.dataset.x, y: +node.dataset.y, trial: node.dataset.trial };
    });
    const lines = [...chart.querySelectorAll(".line")];
    let near = null;
    const leave = () => {
      if (near) near.node.classList.remove("near");
      near = null;
      tip.hidden = true;
      chart.classList.remove("busy");
      lines.forEach((line) => line.classList.remove("near"));
    };
    const show = (event) => {
      const box = chart.getBoundingClientRect(), scale = chart.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      let best = null, least = reach * scale;
      for (const mark of marks) {
        const distance = Math.hypot(mark.x - x, mark.y - y);
        if (distance < least) { best = mark; least = distance; }
      }
      if (best !== near) {
        leave();
        if (!best) return;
        near = best;
        near.node.classList.add("near");
        const own = lines.filter((line) => near.trial && line.dataset.trial === near.trial);
        own.forEach((line) => line.classList.add("near"));
        chart.classList.toggle("busy", own.length > 0);
        tip.textContent = near.text;
        tip.hidden = false;
      }
      if (!near) return;
      const left = box.left + near.x / scale, top = box.top + near.y / scale, gap = 12;
      const toLeft = left + gap + tip.offsetWidth > document.documentElement.clientWidth;
      tip.style.left = Math.max(4, toLeft ? left - gap - tip.offsetWidth : left + gap) + "px";
      tip.style.top = Math.max(4, top - gap - tip.offsetHeight) + "px";
    };
    chart.addEventListener("pointermove", show);
    chart.addEventListener("pointerdown", show);
    chart.addEventListener("pointerleave", leave);
  }
  let opened = [];
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
})();
