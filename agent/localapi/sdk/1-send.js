/* epg.js tells the agent on the box what a viewer sees and does on an EPG page.
   ES3, no dependency. window.IPTV_EPG_OFF = 1 turns it off. DESIGN.md beside it says why. */
(function (w, d) {
  if (w.IptvEpg || off()) return;
  var me = {}, base = 'http://127.0.0.1:7780', X = w.XMLHttpRequest, A = w.IptvAgent, born = now(),
    q = [], busy = 0, rest = 0, ones = 0, noXhr = 0, rtt = 1e9, fails = 0, win = 0, inWin = 0, leave = 0, sent = 0, lost = 0, imgs = [],
    pg = '', tp = '', keys = 0, keyAt = 0, down = 0, okKey = '', okAt = 0, foc = null, fk = '', fr, ft, told = {}, first = {},
    st = {}, md = {}, pl, escaped = encodeURIComponent, life = {on: 1}, LIVE = 'live', SHIFTED = 'timeshift', depth = 0, beg = 0, who = {}, newWho, rows = [], byNo = {}, byUrl = {}, n = 0;

  function off() { try { return w.IPTV_EPG_OFF || w.top.IPTV_EPG_OFF; } catch (e) { return 0; } }
  function now() { return new Date().getTime(); }
  function cfg() { return w.IPTV_EPG || {}; }
  function attr(el, k) { return el.getAttribute && el.getAttribute(k) || ''; }
  function opt(k) { return cfg()[k] || attr(me, 'data-' + k); }
  function num(v, max) { v = parseInt(v, 10); return v > 0 ? v < max ? v : max : 0; }
  function safe(f) { return function () { try { return f.apply(this, arguments); } catch (e) {} }; }
  function later(f, ms) { w.setTimeout(safe(f), ms); }
  function soon() { later(flush, 50); }

  /* JSON text in ASCII, of at most 256 bytes of UTF-8 */
  function quote(v) {
    var s = '' + v, o = '', b = 0, i, c;
    for (i = 0; i < s.length; i++) {
      c = s.charCodeAt(i);
      b += c < 128 ? 1 : c < 2048 ? 2 : c > 0xd7ff && c < 0xdc00 ? 4 : 3;
      if (b > 256) break;
      o += c == 34 || c == 92 ? '\\' + s.charAt(i) : c < 32 || c > 126 ? '\\u' + ('000' + c.toString(16)).slice(-4) : s.charAt(i);
    }
    return '"' + o + '"';
  }

  function counted() { var v = keys; keys = 0; if (v) push('keys', {keys: v}, keyAt); }
  function push(name, f, at) {
    var s = '"signal":"' + name + '"', k, v;
    if (off()) return;
    counted();
    for (k in f) if (f.hasOwnProperty(k)) {
      v = f[k];
      if (v || v === 0 && /^(sp|po)/.test(k)) s += ',"' + k + '":' + (typeof v == 'number' || k == 'channels' ? v : quote(v));
    }
    if (q.length < 200) q.push({t: at || now(), s: s}); else lost++;
  }

  /* ---- transports: window.IptvAgent, XMLHttpRequest, an image ---- */
  function batch(max, enc) {
    var a = [], o = '', t, j;
    while (q.length && !(ones && a.length)) {
      t = now() - q[0].t;
      j = '{' + q[0].s + (t > 0 ? ',"ago":' + (t < 6e5 ? t : 6e5) : '') + '}';
      t = o + (a.length ? ',' : '') + j;
      if ((enc ? escaped(t) : t).length > max) {
        if (a.length) break;
        q.shift(); lost++; continue;
      }
      o = t; a.push(q.shift());
    }
    if (ones) ones--;
    return a.length ? {a: a, s: '[' + o + ']'} : null;
  }
  function again(b, ms) { q = b.a.concat(q); while (q.length > 200) { q.pop(); lost++; } rest = now() + ms; }
  function done(b, code, img) {
    busy = 0;
    if (code > 199 && code < 300) { sent += b.a.length; fails = 0; }
    else if (code == 400 && b.a.length > 1) { ones = b.a.length; again(b, 0); } /* one of them is wrong */
    else if (code == 429 || code == 503) again(b, 2000);
    else if (code) lost += b.a.length;
    else if (img) again(b, Math.min(6e4, 2000 << Math.min(fails++, 5)));
    else { noXhr = now() + 6e4; again(b, 0); soon(); }
    if (ones) soon();
  }
  function post(b, end) {
    var x = new X(), t = now(), over = 0, gone = 0;
    function fin(code) { if (over++) return; rtt = now() - t; if (gone) { busy = 0; lost += b.a.length; } else done(b, code > 0 ? code : 0); }
    x.open('POST', base + '/e', !end);
    x.setRequestHeader('Content-Type', 'text/plain');
    if (!end) {
      x.onabort = function () { gone = 1; };
      x.onreadystatechange = function () {
        var c = 0;
        if (x.readyState != 4) return;
        try { c = x.status; } catch (e) {}
        if (c) safe(fin)(c); else later(fin, 0); /* 0: perhaps onabort tells why */
      };
      busy = 1;
    }
    x.send(b.s);
    if (end) done(b, x.status == 204 ? 204 : 1); /* 1: nobody can wait for another way */
    else later(function () { if (!over) { gone = 1; fin(0); x.abort(); } }, 5000);
  }
  function picture(b, end) {
    var i = new w.Image(), over = 0;
    function fin(code) { return safe(function () { if (!over++) done(b, code, 1); }); }
    imgs = end ? imgs.concat([i]) : [i];
    if (!end) { busy = 1; i.onload = fin(200); i.onerror = fin(0); later(fin(-1), 8000); } else sent += b.a.length;
    i.src = base + '/e.gif?d=' + escaped(b.s);
  }
  function flush(end) {
    var b, t = now(), left = 6, how;
    if (off()) return;
    learnt();
    counted();
    if (t < rest && t > rest - 61e3 || !end && t - leave < 2000) return;
    while (q.length && left-- && (end || !busy)) {
      if (t - win > 999 || t < win) { win = t; inWin = 0; }
      if (++inWin > 20) return;
      how = A && A.send ? 2 : X && t >= noXhr && (!end || rtt < 50);
      if (!(b = how ? batch(4000) : batch(1900, 1))) return;
      try {
        if (!how) picture(b, end);
        else if (how < 2) post(b, end);
        else if (A.send(b.s) === false) throw 0;
        else sent += b.a.length;
      } catch (e) { if (how == 2) A = 0; else { busy = 0; noXhr = t + 6e4; } again(b, 0); }
    }
  }
