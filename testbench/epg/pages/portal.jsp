<html><head><title>portal</title>
<script type="text/javascript" src="AGENT/epg.js" data-page="portal" data-template="t-hw-6"></script>
<style>body{margin:0;width:1280px;height:720px;overflow:hidden} a{position:absolute;display:block;width:200px;height:100px;background:#345} </style>
<script type="text/javascript">
var pos = 0, returned = 'none';
document.onkeydown = function (e) {
  var k = (e || event).keyCode;
  if (k == 39) pos++;
  if (k == 37) pos--;
  if (k == 13) { location.href = document.getElementById('p' + pos).getAttribute('to'); return false; }
  if (k == 8) return true;
  var a = document.getElementById('p' + pos);
  if (a) a.focus();
  return false;
};
</script></head>
<body onload="document.getElementById('p0').focus()">
<div data-area="推荐位">
<a id="p0" href="#" tabindex="0" style="left:0;top:0" data-slot="1" data-content="umai:prog/1042" to="detail.jsp?id=1042"></a>
<a id="p1" href="#" tabindex="0" style="left:210px;top:0" data-slot="2" data-content="umai:prog/1043" to="frame.jsp"></a>
<a id="p2" href="#" tabindex="0" style="left:5000px;top:0" data-slot="3" data-content="umai:prog/offscreen"></a>
<a id="p3" href="#" tabindex="0" style="left:420px;top:0;display:none" data-slot="4" data-content="umai:prog/hidden"></a>
</div>
<a id="p4" href="#" tabindex="0" style="left:0;top:300px" onclick="return false">about</a>
</body></html>
