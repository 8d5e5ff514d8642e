<html><head><script type="text/javascript" src="AGENT/epg.js"></script></head><body>{"rows":[]}</body></html>
