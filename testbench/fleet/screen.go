package fleet

import (
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// The screen: plays and their segments.

// partMs is after how long a box cuts a segment, so that a long evening in
// front of one channel is seen while it lasts.
const partMs = 15 * 60_000

// watch asks for what comes on the screen when start is called.
func (h *household) watch(now int64, mode protocol.Mode, channel, content string, trace uint32) {
	h.play = playing{mode: mode, channel: channel, content: content, trace: trace, asked: now}
}

// pickLive chooses a live channel.
func (h *household) pickLive() int {
	ch := h.c.channel.rank(&h.dice)
	if local := h.place.taste.local; local >= 0 && h.chance(0.16) {
		ch = local
	}
	return ch
}

// tune goes to a live channel by the keys of the remote control.
func (h *household) tune(now int64, m *Moment) {
	h.watch(now, protocol.ModeLive, channels[h.pickLive()].code, "", 0)
	h.tuned(now, m)
}

// tuned shows the live channel that was asked for.
func (h *household) tuned(now int64, m *Moment) {
	h.play.asked = now
	h.leavePage(now, m)
	h.page = ""
	h.start(now, m)
}

// start is the first frame of a play.
func (h *household) start(now int64, m *Moment) {
	h.leavePage(now, m)
	p := &h.play
	p.from, p.speed, h.part = now, 100, 0
	if !h.alone {
		h.touch(now)
	}
	h.alone = false
	h.look(now)
	p.tv = h.tv()
	h.firstPicture(now)
	switch p.mode {
	case protocol.ModeLive:
		h.done.live = true
		p.why = protocol.EndZap
		if h.chance(0.68) {
			p.end = now + max(h.skewed(7, 0.9), 600)
		} else {
			p.end = now + max(h.skewed(15*60, 0.8), 30_000)
		}
	case protocol.ModeTimeshift:
		h.done.timeshift = true
		p.why = protocol.EndStop
		p.end = now + max(h.skewed(12*60, 0.6), 30_000)
	case protocol.ModeCatchup:
		h.done.catchup = true
		h.open(now)
	case protocol.ModeApp:
		h.done.app = true
		p.why = protocol.EndStop
		p.end = now + max(h.skewed(11*60, 0.7), 20_000)
	default:
		h.done.vod = true
		h.open(now)
	}
	if h.dark { // they went while it was being started
		h.dark = false
		h.turn(now)
	}
	h.after(h.edge(), (*household).segment)
}

// lengthOf draws how long an asset is watched: to its end, a part of it, or
// hardly begun.
func (h *household) lengthOf(now, asset int64) {
	p := &h.play
	switch u := h.unit(); {
	case u < 0.02:
		p.end, p.why = now+h.seconds(0.3, 2.9), protocol.EndError
	case u < 0.32:
		p.end, p.why = now+min(max(h.skewed(40, 0.8), 1500), asset), protocol.EndStop
	case u < 0.60:
		p.end, p.why = now+int64(h.between(0.1, 0.9)*float64(asset)), protocol.EndStop
	default:
		p.end, p.why = now+asset, protocol.EndFinished
	}
	if h.chance(0.10) {
		p.trickAt = now + int64(h.between(0.1, 0.8)*float64(p.end-now))
	}
}

// edge is when the present segment ends at the latest.
func (h *household) edge() int64 {
	p := &h.play
	at := min(p.from+partMs, p.end, h.sit.to)
	for _, t := range [2]int64{p.trickAt, p.jumpAt} {
		if t > p.from {
			at = min(at, t)
		}
	}
	at = min(at, max(h.nextLook(), p.from+1000))
	return max(at, p.from+1)
}

// segment ends the present segment and says what follows.
func (h *household) segment(now int64, m *Moment) {
	p := &h.play
	e := protocol.Event{
		Kind: protocol.View, Source: protocol.SourceMiddleware, Mode: p.mode, Channel: p.channel, Content: p.content,
		DurationMs: uint64(now - p.from), Speed: p.speed, Part: h.part, End: protocol.EndContinue, Trace: p.trace, TV: p.tv,
	}
	if p.pos != 0 && h.tellsPlaces() {
		e.PositionMs, e.LengthS = p.pos, uint32(h.asset()/1000)
	}
	if now >= h.sit.to {
		h.endWithSitting(now, m, e)
		return
	}
	if now >= p.end {
		e.End = p.why
		h.tell(m, now, e)
		h.tellPlayback(now, m, e.End)
		if p.why == protocol.EndStop {
			h.leaveAsset(&e)
		}
		h.afterPlay(now, m)
		return
	}
	turned := now >= h.nextLook()
	if turned {
		h.turn(now)
	}
	if turned && p.tv == h.tv() && now < p.from+partMs && now != p.trickAt && now != p.jumpAt {
		h.after(h.edge(), (*household).segment) // the box heard nothing
		return
	}
	h.tell(m, now, e)
	h.part++
	p.pos, p.from, p.tv = h.reached(&e), now, h.tv()
	if p.speed != 100 && now >= p.trickAt || p.speed == 100 && (now == p.trickAt || now == p.jumpAt) {
		h.touch(now)
	}
	switch {
	case p.speed != 100 && now >= p.trickAt: // wound far enough
		p.speed, p.trickAt = 100, 0
	case p.speed == 100 && now == p.trickAt:
		p.speed = []int32{400, 800, 1600, -400, 0}[h.below(5)]
		p.trickAt = now + h.seconds(4, 70)
	case p.speed == 100 && now == p.jumpAt:
		h.jump(now)
	}
	h.replan(now)
	h.after(h.edge(), (*household).segment)
}

// endWithSitting ends the play as the box goes to sleep. After a power cut the
// box tells it at its next boot, up to its last sign of life.
func (h *household) endWithSitting(now int64, m *Moment, e protocol.Event) {
	h.leaveAsset(&e)
	switch h.leave {
	case standby:
		e.End = protocol.EndStandby
		h.tell(m, now, e)
		h.tellPlayback(now, m, e.End)
	case off:
		e.End = protocol.EndPowerOff
		h.tell(m, now, e)
		h.tellPlayback(now, m, e.End)
	case cut:
		alive := max(h.play.from, now-h.seconds(0, 60))
		e.End, e.DurationMs = protocol.EndPowerCut, uint64(alive-h.play.from)
		h.sleep(now, m)
		h.lost, h.lostAt = &e, alive
		return
	}
	h.sleep(now, m)
}

// afterPlay chooses what follows a play that ended before the sitting did.
func (h *household) afterPlay(now int64, m *Moment) {
	last := h.play
	next := last.mode == protocol.ModeVOD && last.why == protocol.EndFinished && h.episode+1 < h.title.episodes && h.chance(0.7)
	if !next && h.absent(now) {
		return
	}
	switch last.mode {
	case protocol.ModeLive:
		switch {
		case h.menu.timeshift && !h.done.timeshift && now-last.from > 60_000:
			h.watch(now, protocol.ModeTimeshift, last.channel, "", 0)
			h.after(now+h.seconds(0.3, 2), (*household).start)
		case h.chance(0.8):
			h.after(now+h.seconds(0.2, 1), (*household).tune)
		default:
			h.after(now+h.seconds(0.5, 2), (*household).home)
		}
	case protocol.ModeVOD:
		if next {
			h.episode++
			h.alone = true
			h.watch(now, protocol.ModeVOD, "", h.title.episode(h.episode), 0)
			h.after(now+h.seconds(2, 8), (*household).start)
			return
		}
		if h.chance(0.3) {
			h.after(now+h.seconds(0.5, 2), (*household).detail)
			return
		}
		h.after(now+h.seconds(0.5, 2), (*household).home)
	default:
		h.after(now+h.seconds(0.5, 2), (*household).home)
	}
}

// pickCatchup clicks a programme of the past days.
func (h *household) pickCatchup(now int64, m *Moment) {
	if h.over(now) {
		h.sleep(now, m)
		return
	}
	ch := h.c.channel.rank(&h.dice)
	back := min(h.below(7), h.below(7))
	hour := []int{19, 20, 21, 12, 18, 22, 15}[min(h.below(7), h.below(7))]
	today := aggregator.DayOf(now)
	if aggregator.HourOf(now) <= today.FirstHour()+aggregator.Hour(hour)+1 {
		back++ // not over yet
	}
	content := past(ch, today-aggregator.Day(back), hour)
	trace := h.press(now, m, areaSchedule, 1+min(h.below(30), h.below(30)), content)
	h.watch(now, protocol.ModeCatchup, channels[ch].code, content, trace)
	h.after(now+h.seconds(1.2, 5), (*household).start)
}

// pickApp opens an application.
func (h *household) pickApp(now int64, m *Moment) {
	if h.over(now) {
		h.sleep(now, m)
		return
	}
	i := h.c.app.rank(&h.dice)
	trace := h.press(now, m, areaGrid, 1+i, apps[i].code)
	h.watch(now, protocol.ModeApp, "", apps[i].code, trace)
	h.after(now+h.seconds(1.5, 6), (*household).start)
}

// past is the code of a programme that was on a channel at an hour of a day.
func past(channel int, day aggregator.Day, hour int) string {
	return fmt.Sprintf("%s%s%02dtvod", channels[channel].code, day.Time().Format("20060102"), hour)
}
