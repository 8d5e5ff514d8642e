<html><head><title>shell without the SDK</title></head><body style="margin:0"><iframe name="main" src="play.jsp" width="1280" height="720"></iframe></body></html>
