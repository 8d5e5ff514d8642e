<html><head><title>list</title>
<script type="text/javascript">
window.IPTV_EPG = {page: 'vod/list', template: 't-frames', focus: 'on', map: [
  {match: '#poster_*', area: 'list', slot: '*', content: '@contentid'},
  {match: /^javascript:openSeries\('(\w+)'\)/, area: 'series', slot: '9', content: 'umai:series/*'},
  {match: '.buy', area: 'buy', slot: '1', order: '@product'}
]};
</script>
<script type="text/javascript" src="AGENT/epg.js"></script>
<style>div.p{float:left;width:100px;height:100px;margin:4px;background:#654} .on{outline:2px solid red}</style>
<script type="text/javascript">
var at = 1;
function moved(k) {
  document.getElementById('poster_' + at).className = 'p';
  if (k == 39) at++;
  document.getElementById('poster_' + at).className = 'p on';
  return 'moved';
}
document.onkeydown = function (e) { return parent.grabEvent(e || event) == 'moved'; };
function openSeries(id) { window.opened = id; }
</script></head>
<body>
<div class="p on" id="poster_1" contentid="umai:prog/1"></div>
<div class="p" id="poster_2" contentid="umai:prog/2"></div>
<a href="javascript:openSeries('s77')" id="series">series</a>
<span class="x buy" id="buy" product="svod-month">buy</span>
</body></html>
