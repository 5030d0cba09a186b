#pragma once

namespace amdefect::detail {

/// Theme button, and the gallery's switches, threshold (if it has one), counts and hints. Without it a page shows the
/// same, unmoved.
inline constexpr const char* page_script = R"js(
(() => {
  'use strict';
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const page = document.documentElement;
  document.getElementById('theme').addEventListener('click', () => {
    const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    page.dataset.theme = (page.dataset.theme || system) === 'dark' ? 'light' : 'dark';
  });
  const gallery = document.getElementById('gallery');
  if (!gallery) return;

  // Labels: beside their boxes, in the picture, on no other box or label. The highest scores choose first, at most 40
  // in a picture; the others give way.
  const visible = frame => all('.box', frame).filter(box => getComputedStyle(box).display !== 'none');
  const layOut = svg => {
    if (!gallery.classList.contains('labels')) return;
    const view = svg.viewBox.baseVal, px = +getComputedStyle(svg).getPropertyValue('--px');
    const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
    const items = visible(svg).map(box => {
      const text = box.lastElementChild, r = box.firstElementChild.getBBox(), edge = 3 * px;
      text.classList.remove('hidden');
      return {box, text, x: r.x - edge, y: r.y - edge, w: r.width + 2 * edge, h: r.height + 2 * edge};
    });
    const taken = items.map(item => ({owner: item, x: item.x, y: item.y, w: item.w, h: item.h}));
    const score = item => +item.box.dataset.s || 2;  // without one: ground truth
    let labels = 0;
    for (const item of [...items].sort((a, b) => score(b) - score(a))) {
      const {text, x, y, w, h} = item, size = {w: text.getComputedTextLength() + 2 * px, h: 13 * px};
      if (getComputedStyle(text).display === 'none') continue;
      const ends = [x, x + w - size.w], sides = [y, y + h - size.h];
      const free = [[ends[0], y - size.h], [ends[1], y - size.h], [ends[0], y + h], [ends[1], y + h],
        [x + w, sides[0]], [x + w, sides[1]], [x - size.w, sides[0]], [x - size.w, sides[1]],
        ...(w * h < 8 * size.w * size.h || w < size.w + 4 * px ? [] : [[x + 2 * px, y + 2 * px]])]
        .map(([left, top]) => ({owner: item, x: left, y: top, ...size}))
        .find(area => area.x >= view.x && area.y >= view.y && area.x + area.w <= view.x + view.width &&
          area.y + area.h <= view.y + view.height && !taken.some(other => other.owner !== item && overlap(area, other)));
      text.classList.toggle('hidden', !free || labels === 40);
      if (!free || labels === 40) continue;
      labels += 1;
      taken.push(free);
      text.setAttribute('x', free.x + px);
      text.setAttribute('y', free.y + 10 * px);
    }
  };
  const layOutAll = () => all('.frame svg', gallery).forEach(layOut);

  // Switches and threshold. A detection's outcome does not depend on those of lower score, so counting suffices.
  all('input[type=checkbox]', gallery).forEach(box => {
    const apply = () => gallery.classList.toggle(box.value, box.checked === box.hasAttribute('data-adds'));
    box.addEventListener('change', () => {
      apply();
      layOutAll();
    });
    apply();
  });
  const slider = gallery.querySelector('input[type=range]');
  const update = () => {
    const threshold = +slider.value;
    gallery.querySelector('output').textContent = threshold.toFixed(2);
    all('.shot', gallery).forEach(shot => {
      const found = all('.found', shot), truths = all('.truth', shot);
      found.forEach(box => box.classList.toggle('off', +box.dataset.s < threshold));
      truths.forEach(box => box.classList.toggle('missed', !(+box.dataset.s >= threshold)));
      const shown = found.filter(box => !box.classList.contains('off'));
      const right = shown.filter(box => box.classList.contains('correct')).length;
      const counts = shot.querySelector('.counts');
      counts.textContent = counts.hasAttribute('data-judged')
        ? right + ' found, ' + (truths.length - right) + ' missed, ' + (shown.length - right) + ' false'
        : shown.length + (shown.length === 1 ? ' detection' : ' detections');
    });
  };
  if (slider) {
    slider.addEventListener('input', () => {
      update();
      layOutAll();
    });
    update();
  }
  all('.shot button', gallery).forEach(button => button.addEventListener('click', () => {
    const large = button.closest('.shot').classList.toggle('large');
    button.textContent = large ? 'Reduce' : 'Enlarge';
    button.setAttribute('aria-expanded', large);
  }));

  // Labels keep their size on the screen.
  const sizes = new ResizeObserver(entries => entries.forEach(({target, contentRect}) => {
    const box = target.viewBox.baseVal;
    const scale = Math.min(contentRect.width / box.width, contentRect.height / box.height);
    target.style.setProperty('--px', 1 / (scale || 1));
    layOut(target);
  }));
  all('.frame svg', gallery).forEach(svg => sizes.observe(svg));

  // The hint: class and score of the box below the pointer, or of the one that the arrow keys have reached.
  const tip = document.getElementById('tip');
  const area = box => box.lastElementChild.previousElementSibling.getBoundingClientRect();
  const show = box => {
    all('.box.on', gallery).forEach(other => other.classList.remove('on'));
    tip.textContent = box ? box.dataset.t : '';
    if (!box) return;
    box.classList.add('on');
    const place = area(box), size = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(place.left, innerWidth - size.width - 4)) + 'px';
    tip.style.top = (place.top > size.height + 8 ? place.top - size.height - 6 : place.bottom + 6) + 'px';
  };
  const under = (frame, x, y) => {
    let best = null, least = [9, 0];  // within 8 pixels; of several the smallest
    for (const box of visible(frame)) {
      const r = area(box);
      const away = Math.hypot(Math.max(r.left - x, 0, x - r.right), Math.max(r.top - y, 0, y - r.bottom));
      const size = r.width * r.height;
      if (away < least[0] - 1e-6 || (away === least[0] && size < least[1])) [best, least] = [box, [away, size]];
    }
    return best;
  };
  all('.frame', gallery).forEach(frame => {
    for (const event of ['pointermove', 'pointerdown'])
      frame.addEventListener(event, e => show(under(frame, e.clientX, e.clientY)));
    frame.addEventListener('pointerleave', () => show(null));
    frame.addEventListener('blur', () => show(null));
    frame.addEventListener('keydown', e => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
      if (e.key === 'Escape') show(null);
      if (!step) return;
      e.preventDefault();
      const boxes = visible(frame), now = boxes.findIndex(box => box.classList.contains('on'));
      if (boxes.length) show(boxes[now < 0 ? (step > 0 ? 0 : boxes.length - 1) : (now + step + boxes.length) % boxes.length]);
    });
  });
  addEventListener('scroll', () => show(null), {passive: true});
})();
)js";

}  // namespace amdefect::detail
