// What a viewer does on the page, and what the page does. Evaluates to a text of
// lines: "NAME: VALUE".
var out = [];
function say(name, v) { out.push(name + ': ' + v); }
function sent() {
  var i, l = [];
  for (i = 0; i < requests.length; i++) l.push(requests[i].body);
  requests = [];
  return l.join(' ');
}
Object.prototype.pollution = 'of an old library';

document.onkeydown = function (e) { say('page handler', e.keyCode + ' ' + (this === document)); return e.keyCode == 8 ? 'back' : false; };
advance(1000);
say('request', requests[0].url + ' ' + requests[0].type + ' ' + requests[0].async);
say('first', sent());

say('returns', document.onkeydown({type: 'keydown', keyCode: 8}) + ' ' + document.onkeydown({type: 'keydown', keyCode: 13}));
advance(100);
say('click', sent());
document.onclick && document.onclick({type: 'click', target: one}); // the browser makes one of OK
advance(1000);
say('once', sent());
document.activeElement = two;
advance(2000);
say('focus', sent());

var mp = new MediaPlayer();
say('instance', (mp instanceof MediaPlayer) + ' ' + MediaPlayer.VERSION + ' ' + mp.speed);
var mediaStr = '[{mediaUrl:"rtsp://10.1.1.1/88888888/16/777.ts?a=b,c", mediaCode : "media9x",mediaType:2,allowTrickmode:1}]';
say('set', mp.setSingleMedia(mediaStr) + ' ' + (calls[0][3] === mediaStr) + ' ' + calls[0][2]);
document.onclick({type: 'click', target: one}); advance(10); document.onclick({type: 'click', target: one});
say('play', mp.playFromStart() + ' ' + calls[1]);
say('forward', mp.fastForward(8) + ' ' + mp.speed);
try { mp.fastForward(64); say('exception', 'none'); } catch (e) { say('exception', e.name + ' ' + e.message); }
say('stop', mp.stop() + ' ' + mp.speed);
say('event', Utility.getEvent() + ' ' + eventsAsked);
advance(1000);
say('player', sent());

say('by time', mp.playByTime(1, 600, 1) + ' ' + mp.playByTime(1, '1200.5', 1) + ' ' + mp.pause() + ' ' + mp.playByTime(2, '20261127T201500', 1));
mp.pause(); mp.time = 'gone'; mp.fastForward(4); mp.stop();
advance(1000);
say('places', sent());

status = 503;
IptvEpg.click({slot: 3, content: 'c3'});
advance(1000);
say('busy', sent());
status = 204;
pause(2000);
advance(1000);
say('kept', sent());

status = 'throws';
IptvEpg.order({order_id: 'o1', product: 'p"1\\', result: 'paid', fen: '1990'});
advance(1000);
say('image', decodeURIComponent(images[0].src) + ' ' + images.length);
images[0].onload();
status = 204;
pause(60000);
IptvEpg.page('second', 't2');
advance(1000);
say('again', sent() + ' ' + images.length);

IptvEpg.orderPage({product: '\u4e2d\u6587'});
window.onunload();
say('unload', requests[0].async + ' ' + sent());
var stats = IptvEpg.stats();
say('stats', stats.sent + ' ' + stats.waiting + ' ' + stats.lost);

advance(1000);
status = 400;
IptvEpg.click({slot: 8});
advance(2000);
say('refused', sent() + ' ' + IptvEpg.stats().lost);
IptvEpg.click({slot: 5});
IptvEpg.order({order_id: 'o2', product: 'p', result: 'no such word'});
IptvEpg.click({slot: 6});
advance(1000);
say('all refused, then one by one', requests.length + ': ' + sent() + ' ' + IptvEpg.stats().lost);
status = 204;

window.IPTV_EPG_OFF = 1;
IptvEpg.click({slot: 9});
mp.playFromStart();
advance(3000);
say('off', sent());
say('cookie', document.cookie);
out.join('\n');
