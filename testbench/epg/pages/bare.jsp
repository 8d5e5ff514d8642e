<html><head><title>bare</title>
<script type="text/javascript" src="AGENT/epg.js" data-page="bare"></script></head>
<body><span id="b" data-area="a" data-slot="5" data-content="c&quot;\中">x</span></body></html>
