  /* ---- page ---- */
  function last(v) {
    var k = 'iptvEpgPage', s;
    try { s = w.sessionStorage; if (v) s.setItem(k, v); return v || s.getItem(k) || ''; } catch (e) {}
    if (v) d.cookie = k + '=' + escaped(v) + ';path=/';
    s = new RegExp(k + '=([^;]*)').exec(d.cookie || '');
    return s ? decodeURIComponent(s[1]) : '';
  }
  function enter(name, tpl, at) {
    var from = '', own = name || opt('page'), p = opt('order') || opt('product');
    unfocus();
    pg = own || w.location.pathname.replace(/^\//, '') || '/';
    tp = tpl || opt('template'); told = {}; first = {};
    if (!own && w != w.top) return;
    try { from = last(); last(pg); } catch (e) {}
    push('page', {page: pg, from: from, template: tp}, at);
    if (p) offer(p, attr(me, 'data-content'), pg, at);
  }
  function offer(product, content, page, at) { push('order_page', {page: page || pg, product: product, content: content}, at); }
  function ensure() { if (!pg) enter('', '', born); }

  /* ---- what an element stands for ---- */
  function star(m, s) {
    var i, x;
    if (m.exec) { x = m.exec(s); return x ? x[1] || '' : null; }
    i = m.indexOf('*');
    if (i < 0) return m == s ? '' : null;
    x = s.length - (m.length - i - 1);
    return x >= i && s.slice(0, i) == m.slice(0, i) && s.slice(x) == m.slice(i + 1) ? s.slice(i, x) : null;
  }
  function set(r, el, k, v) { if (v && !r[k]) { r[k] = v; if (k != 'area' && k != 'template') r.own = r.own || el; } }
  function level(el, r) {
    var f = ['area', 'slot', 'content', 'template', 'order'], map = cfg().map, i, j, k, c, x, v;
    for (i = 0; i < f.length; i++) set(r, el, f[i], attr(el, 'data-' + f[i]));
    if (!map) return r;
    c = ('.' + ('' + el.className).split(/\s+/).join(' .')).split(' ').concat(['#' + el.id, attr(el, 'href'), '' + attr(el, 'onclick')]);
    for (i = 0; i < map.length; i++) for (j = 0; j < c.length; j++) {
      x = c[j] ? star(map[i].match, c[j]) : null;
      for (k = 0; x != null && k < f.length; k++) {
        v = map[i][f[k]];
        if (typeof v == 'function') v = v(el, x);
        v = v ? '' + v : '';
        set(r, el, f[k], v.charAt(0) == '@' ? attr(el, v.slice(1)) : v.split('*').join(x));
      }
    }
    return r;
  }
  function info(el) {
    var r = {}, i;
    for (i = 0; el && el.nodeType == 1 && i < 40; i++, el = el.parentNode) level(el, r);
    r.slot = num(r.slot, 9999);
    r.key = [r.area, r.slot, r.content].join('|');
    return r.own || r.area ? r : null;
  }
  function tell(name, r, more) {
    var f = {page: pg, area: r.area, slot: num(r.slot, 9999), content: r.content, template: r.template || tp}, k;
    for (k in more) if (more.hasOwnProperty(k)) f[k] = more[k];
    push(name, f);
  }
  function click(r) {
    ensure();
    tell('click', r);
    if (r.order) offer(r.order, r.content);
    soon();
  }
  function clicked(el) {
    var r = el && info(el), t = now();
    if (!r || r.key == okKey && t - okAt < 500) return; /* OK makes a click event too */
    okKey = r.key; okAt = t;
    click(r);
  }

  /* ---- keys and focus ---- */
  function cur() {
    var a = foc, c = opt('focus');
    if (!a && c && d.getElementsByClassName) a = d.getElementsByClassName(c)[0];
    if (!a) { a = d.activeElement; if (a == d.body || a == d.documentElement || a && /frame/i.test(a.tagName)) a = null; }
    return a;
  }
  function unfocus() {
    var ms = now() - ft;
    if (fk && ms >= 500) tell('seen', fr, {page: fr.page, sight: 'focus', ms: num(ms, 864e5)});
    fk = '';
  }
  function track() {
    var a = cur(), r = a && info(a), k = r && r.own ? r.key : '';
    if (k == fk) return;
    unfocus();
    ensure();
    if (k) { r.page = pg; fk = k; fr = r; ft = now(); }
  }
  function key(e) {
    var c = e.keyCode || e.which;
    if (e.type == 'keydown') down = 1; else if (down) return;
    if (!c || c == 768) return; /* 768: the player has an event, nobody pressed a key */
    keys++; keyAt = now();
    if (c == 13) clicked(cur());
    later(track, 0);
  }

  /* ---- what is painted ---- */
  function shown(el) {
    var v = w, x = 0, y = 0, r, s;
    for (;;) {
      r = el.getBoundingClientRect();
      if (v == w && !(r.right > r.left && r.bottom > r.top)) { /* a link around a placed picture */
        el = el.getElementsByTagName('img')[0] || el;
        r = el.getBoundingClientRect();
      }
      if (!(r.right > r.left && r.bottom > r.top)) return 0;
      s = v.getComputedStyle && v.getComputedStyle(el, null);
      if (s && (s.visibility == 'hidden' || s.opacity === '0')) return 0;
      if (v == w) { x = (r.left + r.right) / 2; y = (r.top + r.bottom) / 2; } else { x += r.left; y += r.top; }
      s = v.document.documentElement;
      if (v != w && (x < r.left || y < r.top || x > r.right || y > r.bottom)) return 0;
      if (v == v.parent) return !(x < 0 || y < 0 || x > (v.innerWidth || s.clientWidth) || y > (v.innerHeight || s.clientHeight));
      try { el = v.frameElement; } catch (e) { el = null; }
      if (!el) return 1;
      v = v.parent;
    }
  }
  function look() {
    var l, i, r, v = {}, t = now();
    if (!pg || d.hidden) { first = {}; return; }
    l = !cfg().map && d.querySelectorAll ? d.querySelectorAll('[data-slot],[data-content],[data-order]') : d.getElementsByTagName('*');
    for (i = 0; i < l.length && i < 2000; i++) {
      if (!level(l[i], {}).own) continue;
      r = info(l[i]);
      if (told[r.key] || !shown(l[i])) continue;
      v[r.key] = first[r.key] || t;
      if (t - v[r.key] >= 1000) { told[r.key] = 1; tell('seen', r, {sight: 'rendered', ms: t - v[r.key]}); }
    }
    first = v;
  }
