  /* ---- originals keep this, arguments, result and exception ---- */
  var wrap = safe(function (o, k, after, player) {
    var f, g;
    f = o[k];
    if (typeof f != 'function' || !f.apply || f.epg && f.of.on) return;
    f = f.epg || f; /* a page that has gone had it */
    g = function () {
      var a = arguments, r;
      if (player) { depth++; pl = this; }
      try { r = f.apply(this, a); } finally { if (player) depth--; }
      if (!depth && life.on && !off()) safe(after)(a, r);
      return r;
    };
    g.epg = f; g.of = life;
    o[k] = g;
  });
  /* [{mediaUrl:"...",mediaCode:'c'}], {"type":"..."} and ChannelID="1",UserChannelID="2" alike */
  function fields(s) {
    var re = /["']?([A-Za-z_]\w*)["']?\s*[:=]\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^,}\]\s]*))/g, all = [{}], o = all[0], m, k;
    while ((m = re.exec(s))) {
      k = m[1].toLowerCase();
      if (o.hasOwnProperty(k)) all.push(o = {});
      o[k] = (m[2] || m[3] || m[4] || '').replace(/\\(.)/g, '$1');
    }
    return all;
  }

  /* ---- player ---- */
  function broadcast(m) { return m == LIVE || m == SHIFTED; }
  /* v seconds, or what the player says, in ms; of what has a beginning only */
  function where(k, v) {
    if (!broadcast(st.mode)) try {
      if (k) v = pl[k]();
      if (/^\d/.test(v) && v < 6e5) return Math.round(v * 1000);
    } catch (e) {}
  }
  function length() { return where('getMediaDuration'); }
  function play(f, ev, at) {
    st = {on: 1, sp: 100, mode: f.mode, no: f.number, ev: ev, t: now()};
    beg = 0;
    f.position = where(0, at);
    push('play', f);
    soon();
  }
  function start(at) {
    var u = md.mediaurl || '', c = md.mediacode || '', p = opt('content'), cast = /^(igmp|rtp|udp):/i.test(u),
      id = u.replace(/[?|#].*/, '').replace(/^.*\/@?(.)/, '$1').replace(cast ? /^$/ : /\.\w{2,4}$/, ''),
      m = cast ? LIVE : /\/TVOD\//i.test(u) ? 'catchup' : /\/PLTV\//i.test(u) ? /[?&](starttime|playseek)=/i.test(u) ? SHIFTED : LIVE : md.mediatype == 1 ? LIVE : 'vod';
    if (broadcast(m)) return play({mode: m, channel: byUrl[u.split('|')[0]] || id});
    if (typeof p == 'function') p = p(md);
    play({mode: m, content: p || (/^(code)?\d{0,2}$/i.test(c) ? id : c)}, 0, at);
  }
  function speed(v, at) {
    v = Math.max(-6400, Math.min(6400, Math.round(v)));
    if (v === v && st.sp !== v) { st.sp = v; push('speed', {speed: v, position: where(at == null && 'getCurrentPlayTime', at), length: length()}); }
    else if ((at = where(0, at)) >= 0) push('seek', {position: at});
  }
  function shift(m) { if (st.mode != m) { st.mode = m; push('shift', {mode: m}); } }
  function live() { if (st.mode == LIVE) shift(SHIFTED); }
  function stop() { if (st.on !== 0) push('stop'); st = {on: 0}; beg = 0; }
  function media(a) { md = fields(a[a.length - 1])[0]; }
  function join(a) {
    var c = num(a[0], 99999);
    if (st.ev && st.no == c && now() - st.t < 3000) { st.ev = 0; return; } /* the page obeys EVENT_GO_CHANNEL */
    play({mode: LIVE, channel: byNo[c], number: c});
  }
  /* a method that sets a speed, of s times its argument if it has one */
  function pace(shifts, s, at) { return function (a) { if (shifts) live(); speed(s % 100 ? 100 * s * Math.abs(a[0] || 2) : s, at); }; }
  var P = {
    setSingleMedia: media, addSingleMedia: media, addBatchMedia: media, joinChannel: join, leaveChannel: stop, stop: stop, releaseMediaPlayer: stop,
    playFromStart: function () { start(0); },
    playByTime: function (a) { var at = a[0] == 1 ? a[1] : ''; if (!st.on && md.mediaurl) start(at); else { live(); speed(100, at); } },
    pause: pace(1, 0), resume: pace(0, 100), fastForward: pace(0, 1), fastRewind: pace(1, -1), gotoStart: pace(1, 100, 0),
    gotoEnd: function () { if (st.mode == SHIFTED) { shift(LIVE); speed(100); } }
  };
  function hook(o) { for (var k in P) if (P.hasOwnProperty(k)) wrap(o, k, P[k], 1); return o; }
  function frame(t) { beg = 0; if (!st.pic) { st.pic = 1; push('first_frame', {length: length()}, t); } }
  function event(a, r) {
    var e = typeof r == 'string' ? fields(r)[0] : {}, t = ('' + e.type).replace(/^EVENT_/, ''), v = e.service_type;
    if (t == 'FIRST_I_FRAME') frame();
    else if (/^MEDIA_BEGIN/.test(t)) { if (st.sp < 0) speed(100); else if (!st.pic) beg = now(); }
    else if (t == 'MEDIA_END') { push('end'); st = {on: 0}; }
    else if (t == 'MEDIA_ERROR') push('error', {error: e.error_code});
    else if (t == 'PLAYMODE_CHANGE') speed(100 * parseFloat(e.new_play_rate));
    else if (t == 'PLTVMODE_CHANGE') shift(v ? v == 0 ? LIVE : SHIFTED : st.mode == SHIFTED ? LIVE : SHIFTED);
    else if (t == 'GO_CHANNEL') { v = num(e.channel_num, 99999); play({mode: LIVE, channel: e.channel_code || byNo[v], number: v}, 1); }
    else return;
    soon();
  }

  /* ---- who the box is, its channels, other applications ---- */
  function learn(k, v) {
    k = {userid: 'account', stbid: 'stbid', mac: 'mac'}[('' + k).toLowerCase()];
    if (k && v && typeof v != 'object' && v != 'undefined' && v != 'null' && who[k] !== '' + v) { newWho = newWho || {}; newWho[k] = who[k] = '' + v; }
  }
  function setConfig(a) {
    var l, i, c;
    learn(a[0], a[1]);
    if (('' + a[0]).toLowerCase() != 'channel') return;
    l = fields(a[1]);
    for (i = 0; i < l.length; i++) {
      c = num(l[i].userchannelid, 99999);
      if (!c || !l[i].channelid || rows.length > 1999) continue;
      byNo[c] = l[i].channelid;
      byUrl[('' + l[i].channelurl).split('|')[0]] = byNo[c];
      rows.push('{"number":' + c + ',"id":' + quote(byNo[c]) + '}');
    }
  }
  function learnt() {
    var s, f = newWho;
    newWho = 0;
    if (f) push('identity', f);
    while (rows.length && q.length < 190) {
      for (s = rows.shift(); rows.length && escaped(s + rows[0]).length < 1500;) s += ',' + rows.shift();
      push('channels', {channels: '[' + s + ']'});
    }
  }
  function hooks() {
    var M = w.MediaPlayer, A = w.Authentication, U = w.Utility, S = w.STBAppManager, l, i, k, p;
    l = ['CTC', 'CU', ''];
    for (i = 0; A && i < 3; i++) {
      wrap(A, l[i] + 'GetConfig', function (a, r) { learn(a[0], r); });
      wrap(A, l[i] + 'SetConfig', setConfig);
    }
    wrap(U, 'getEvent', event);
    wrap(S, 'startAppByName', function (a) { push('app', {content: a[0] || '?'}); });
    wrap(S, 'startAppByIntent', function (a) { push('app', {content: fields(a[0])[0].appname || '?'}); });
    p = M && M.prototype;
    if (p) hook(p);
    if (typeof M == 'function' && !M.epg && !(p && p.playFromStart && p.playFromStart.epg)) {
      var C = function (a, b, c) {
        if (!(this instanceof C)) return M.apply(this, arguments);
        var o = arguments.length ? new M(a, b, c) : new M();
        safe(hook)(o);
        return o;
      };
      for (k in M) C[k] = M[k];
      C.prototype = p || C.prototype; C.epg = M;
      w.MediaPlayer = C;
    }
    l = ['mp', 'mediaPlayer', 'player'];
    for (i = 0; i < 3; i++) if (w[l[i]] && w[l[i]].playFromStart) hook(w[l[i]]);
  }
