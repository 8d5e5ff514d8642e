// A browser of an old box, as little as there is: no JSON, no addEventListener,
// no getBoundingClientRect, native objects with methods of their own. Time
// stands until advance is called.
var window = this, self = this, top = this, parent = this;
var clock = 1000000, timers = [], requests = [], images = [], status = 204, calls = [];
function Date() { this.getTime = function () { return clock; }; }
function setTimeout(f, ms) { timers.push({f: f, at: clock + ms}); return timers.length; }
function setInterval(f, ms) { timers.push({f: f, at: clock + ms, every: ms}); return timers.length; }
function advance(ms) {
  var end = clock + ms, i, next;
  for (;;) {
    next = null;
    for (i = 0; i < timers.length; i++) if (timers[i].at <= end && (!next || timers[i].at < next.at)) next = timers[i];
    if (!next) break;
    if (next.at > clock) clock = next.at;
    if (next.every) next.at += next.every; else next.at = Infinity;
    next.f();
  }
  clock = end;
}
// pause lets time go by in which nothing of the page runs.
function pause(ms) { for (var i = 0; i < timers.length; i++) timers[i].at += ms; clock += ms; }

function El(name, attrs) {
  this.tagName = name; this.nodeType = 1; this.id = attrs.id || ''; this.className = attrs['class'] || ''; this.attrs = attrs; this.parentNode = null; this.src = attrs.src;
}
El.prototype.getAttribute = function (k) { return this.attrs.hasOwnProperty(k) ? this.attrs[k] : null; };
var script = new El('SCRIPT', {src: 'http://10.1.1.1/js/epg.js', 'data-page': 'home', 'data-template': 't1', 'data-agent': 'http://127.0.0.1:7799'});
var body = new El('BODY', {}), row = new El('DIV', {'data-area': 'row'}), one = new El('A', {id: 'one', 'data-slot': '1', 'data-content': 'c1'}), two = new El('A', {id: 'two', 'data-slot': '2'});
row.parentNode = body; one.parentNode = row; two.parentNode = row;
var document = {
  body: body, activeElement: one, cookie: 'iptvEpgPage=boot', location: null,
  getElementsByTagName: function (n) { return n == 'script' ? [script] : [body, row, one, two]; },
  getElementById: function (id) { return id == 'one' ? one : two; }
};
var location = {pathname: '/epg/index.jsp', protocol: 'http:'};

function XMLHttpRequest() {}
XMLHttpRequest.prototype.open = function (method, url, async) { this.url = method + ' ' + url; this.async = async; };
XMLHttpRequest.prototype.setRequestHeader = function (k, v) { this.type = v; };
XMLHttpRequest.prototype.send = function (body) {
  var x = this;
  if (status == 'throws') throw new Error('not allowed');
  x.status = status;
  requests.push({url: x.url, async: x.async, type: x.type, body: body, status: status});
  if (x.async) setTimeout(function () { x.readyState = 4; x.onreadystatechange(); }, 5);
};
function Image() { images.push(this); }

function MediaPlayer() {
  this.speed = 1;
  this.setSingleMedia = function (s) { calls.push(['setSingleMedia', this.speed, arguments.length, s]); return 0; };
  this.playFromStart = function () { calls.push(['playFromStart', this.speed, arguments.length]); return 'started'; };
  this.fastForward = function (n) { if (n > 32) throw new RangeError('too fast'); this.speed = n; return n; };
  this.playByTime = function (type, time, speed) { this.time = time; return speed; };
  this.pause = function () { return this.time; };
  this.getCurrentPlayTime = function () { if (this.time == 'gone') throw new Error('no player'); return this.time; };
  this.getMediaDuration = function () { return '5400'; };
  this.stop = function () { this.speed = 0; return undefined; };
}
MediaPlayer.VERSION = '1.2';
var eventsAsked = 0;
var Utility = {getEvent: function () { eventsAsked++; return '{type:"EVENT_FIRST_I_FRAME"}'; }};
