// What a box's browser puts into every page before it runs: MediaPlayer,
// Authentication, Utility. They write down each call in top.calls, and say
// whether `this` and the number of arguments were as the page gave them.
(() => {
  const top = window.top;
  top.calls = top.calls || [];
  window.events = [];
  const note = (name, ok, args) => top.calls.push({ name, ok, args: [...args] });

  function MediaPlayer() {
    this.id = 7;
  }
  const answers = { setSingleMedia: 0, joinChannel: 0, playFromStart: 0, getMediaCode: 'code1', getCurrentPlayTime: 61, getMediaDuration: 5400 };
  for (const name of ['setSingleMedia', 'addSingleMedia', 'joinChannel', 'leaveChannel', 'playFromStart', 'playByTime', 'pause', 'resume', 'fastForward', 'fastRewind', 'gotoStart', 'gotoEnd', 'stop', 'releaseMediaPlayer', 'getMediaCode', 'getCurrentPlayTime', 'getMediaDuration']) {
    MediaPlayer.prototype[name] = function () {
      note(name, this instanceof MediaPlayer && this.id === 7, arguments);
      if (name === 'playByTime' && arguments[0] === 'bad') throw new RangeError('no such time');
      if (name === 'playFromStart' || name === 'gotoEnd') this.resume(); // natives that use themselves
      return name in answers ? answers[name] : `${name}:${arguments.length}`;
    };
  }
  const config = { UserID: 'tv0571001@itv', STBID: '00100399007049300000A0B1C2D3E4F5', mac: 'A0:B1:C2:D3:E4:F5', EPGDomain: 'http://10.0.0.1/' };
  const Authentication = {
    CTCGetConfig(k) {
      note('CTCGetConfig', this === Authentication, arguments);
      return config[k];
    },
    CTCSetConfig(k, v) {
      note('CTCSetConfig', this === Authentication, arguments);
      return 0;
    },
  };
  const Utility = {
    getEvent() {
      note('getEvent', this === Utility, arguments);
      return window.events.shift() ?? '';
    },
  };
  if (window.hostObjects === 'frozen') {
    Object.freeze(MediaPlayer.prototype);
    Object.freeze(Authentication);
    Object.freeze(Utility);
  }
  Object.assign(window, { MediaPlayer, Authentication, Utility });
})();
