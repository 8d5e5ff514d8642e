<html><head><title>frame</title>
<script type="text/javascript" src="AGENT/epg.js"></script>
<script type="text/javascript">window.IPTV_EPG = {page: 'vod', template: 't-frames'};
// the frame hands its keys up, as pages with one handler for all do
function grabEvent(e) { return list.moved(e.keyCode); }
</script></head>
<body style="margin:0">
<iframe name="list" id="list" src="list.jsp" width="1280" height="600" frameborder="0"></iframe>
<iframe name="data" src="data.jsp" width="0" height="0" style="display:none"></iframe>
</body></html>
