<html><head><title>play</title>
<script type="text/javascript" src="AGENT/epg.js" data-page="play"></script>
<script type="text/javascript">
var urls = {
  vod: 'rtsp://10.2.3.4:554/88888888/16/20261124/269764102/269764102.ts?rrsip=10.2.3.4&icpid=88888888,accounttype=1',
  tvod: 'rtsp://10.2.3.4/TVOD/88888888/224/3221226016/102.rsc?playseek=20261124180000-20261124190000',
  pltv: 'rtsp://10.2.3.4/PLTV/88888888/224/3221226016/10000100000000060000000000106013_0.smil?starttime=20261124T1800',
  igmp: 'igmp://239.1.1.2:5140'
};
var thrown = '', results = [], mp;
function set(kind, code) {
  var mediaStr = '[{mediaUrl:"' + urls[kind] + '",mediaCode:"' + (code || 'code1') + '",mediaType:2,audioType:1,videoType:1,streamType:1,drmType:1,fingerPrint:0,copyProtection:1,allowTrickmode:1,startTime:0,endTime:20000,entryID:"entry1"}]';
  mp = mp || new MediaPlayer();
  results.push(mp.setSingleMedia(mediaStr));
  return mediaStr;
}
function bad() {
  try { mp.playByTime('bad', 1, 2); } catch (e) { thrown = e.name + ': ' + e.message; }
}
var got = [];
document.onkeydown = function (e) {
  if (e.keyCode == 768) {
    var s = Utility.getEvent();
    got.push(s);
    return true;
  }
  return false;
};
function happens(s) { events.push(s); var e = document.createEvent('Event'); e.initEvent('keydown', true, true); e.keyCode = 768; return document.dispatchEvent(e); }
</script></head><body></body></html>
