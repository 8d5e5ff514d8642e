  /* ---- listeners: they return nothing, the page's own handlers go on as they were ---- */
  function on(o, k, f) {
    var g = safe(function (e) { if (!off()) f(e || w.event || {}); });
    if (o.addEventListener) o.addEventListener(k, g, true);
    else if (o.attachEvent) o.attachEvent('on' + k, g);
    else chains.push(function () {
      var h = o['on' + k];
      if (h && h.epg) return;
      o['on' + k] = function (e) { g(e); if (h) return h.apply(this, arguments); };
      o['on' + k].epg = 1;
    });
  }
  var chains = [];
  function tick() {
    var i;
    if (off()) return;
    for (i = 0; i < chains.length; i++) chains[i]();
    if (n++ < 40) safe(hooks)();
    track();
    if (n % (cfg().map ? 4 : 2) == 1) look(); /* a mapping means every element */
    if (beg && now() - beg > 2000) frame(beg);
    if (n % 4 == 0) flush();
  }
  function bye() { ensure(); unfocus(); if (beg) frame(beg); flush(1); life.on = 0; }

  w.IptvEpg = {
    page: function (name, template) { enter(name, template); soon(); },
    click: click,
    focus: function (el) { foc = typeof el == 'string' ? d.getElementById(el) : el; track(); },
    orderPage: function (o) { ensure(); offer(o.product, o.content, o.page); soon(); },
    order: function (o) {
      var f = {}, l = ['order_id', 'product', 'result', 'provider', 'content', 'pay'], i;
      for (i = 0; i < 6; i++) if (o[l[i]]) f[l[i]] = '' + o[l[i]]; else if (i < 3) { lost++; return; }
      f.fen = num(o.fen, 1e8);
      push('order', f);
      soon();
    },
    hook: hook,
    stats: function () { return {sent: sent, waiting: q.length, lost: lost}; }
  };
  for (var api in w.IptvEpg) w.IptvEpg[api] = safe(w.IptvEpg[api]);

  safe(function () {
    var l = d.getElementsByTagName('script'), i, m;
    for (i = l.length; i--;) {
      m = /^(https?:\/\/[^\/]+)?.*\bepg\.js/.exec(l[i].src || '');
      if (!m) continue;
      me = l[i];
      if (/\/\/(127\.0\.0\.1|localhost|\[::1\])(:|$)/.test(m[1] || '')) base = m[1];
      break;
    }
    base = opt('agent') || base;
    safe(hooks)();
    if (opt('page')) enter('', '', born);
    on(d, 'DOMContentLoaded', ensure); on(w, 'load', function () { ensure(); hooks(); });
    on(d, 'keydown', key); on(d, 'keypress', key); on(d, 'irkeypress', key);
    on(d, 'click', function (e) { clicked(e.target || e.srcElement); });
    on(d, 'focus', track); on(d, 'blur', track);
    on(w, 'beforeunload', function () { leave = now(); });
    on(w, 'pagehide', bye); on(w, 'unload', bye);
    on(w, 'pageshow', function (e) { leave = 0; life.on = 1; if (e.persisted) enter(); });
    w.setInterval(safe(tick), 250);
  })();
})(window, document);
