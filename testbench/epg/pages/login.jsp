<html><head><title>login</title>
<script type="text/javascript" src="AGENT/epg.js" data-page="login" data-template="t-hw-6"></script>
<script type="text/javascript">
var userId = Authentication.CTCGetConfig('UserID');
var stbId = Authentication.CTCGetConfig('STBID');
var mac = Authentication.CTCGetConfig('mac');
var epg = Authentication.CTCGetConfig('EPGDomain');
function channels(n) {
  for (var i = 1; i <= n; i++) {
    Authentication.CTCSetConfig('Channel', 'ChannelID="ch' + (1000 + i) + '",ChannelName="卫视' + i + '",UserChannelID="' + i +
      '",ChannelURL="igmp://239.1.1.' + i + ':5140|rtsp://10.0.0.9/PLTV/88888888/224/32212' + i + '.smil?a=1,b=2",TimeShift="1",ChannelType="1"');
  }
}
function go() { location.href = 'portal.jsp'; }
</script></head>
<body onload="document.getElementById('s').innerHTML='ok'"><div id="s"></div></body></html>
