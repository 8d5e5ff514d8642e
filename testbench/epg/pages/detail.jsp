<html><head><title>detail</title>
<script type="text/javascript" src="AGENT/epg.js" data-page="detail" data-template="t-hw-6" data-order="tvod-1042" data-content="umai:prog/1042"></script>
<script type="text/javascript">
function pay() {
  IptvEpg.order({order_id: 'o-1', product: 'tvod-1042', result: 'paid', content: 'umai:prog/1042', fen: 500, pay: 'carrier_bill'});
  IptvEpg.order({product: 'lacks an id and a result'});
}
function play() { location.href = 'play.jsp?kind=vod'; }
</script></head>
<body><div data-area="buttons"><input type="button" id="b1" data-slot="1" value="play" onclick="play()"></div></body></html>
