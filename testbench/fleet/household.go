package fleet

import (
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// Moment is what one box records at one instant: one commit of its outbox.
type Moment struct {
	Box    int   // index in the town
	NowMs  int64 // true time of recording, UTC milliseconds
	Events []protocol.Event
	// At is the true time of each event. It lies before NowMs only for what a
	// box learns late: that its mains had failed.
	At []int64

	// The box's clock from here on: its time since boot is true time minus
	// BootMs; ClockUnset says that its wall clock still stands in 1970.
	Boot       uint32
	BootMs     int64
	ClockUnset bool
	// Cut says that the boot which begins here follows on a failure of the
	// mains.
	Cut bool
}

// act is a household's next doing: it may tell events and sets what comes next.
type act func(h *household, now int64, m *Moment)

// power is what a sleeping box is.
type power uint8

const (
	off     power = iota // switched off in order
	cut                  // the mains failed: it had no time to tell
	standby              // sleeping, its clock runs on
	awake
)

// household is one box and the people before it. It knows nothing of the
// network. Its doings are a chain of acts, each at a moment of true time.
type household struct {
	dice
	c     *catalogue
	ways  *ways
	place *place
	index int // in the whole town
	slot  int // in this part of it

	seed    uint64
	box     string
	city    aggregator.City
	model   int
	serial  uint32
	release uint16  // of the agent that runs
	tried   uint16  // the latest that it was offered
	habit   float64 // how likely it is to be active in a day

	next int64 // when then happens
	then act

	power      power
	boot       uint32
	bootMs     int64 // true time of the boot
	told       bool  // identity told in this run
	clockUnset bool
	syncAt     int64 // when an unset clock finds its time server
	trace      uint32

	planned  aggregator.Day
	sittings [maxSittings]sitting
	count    int // of sittings left today, the next first
	sat      int
	sit      sitting // the present one
	leave    power   // how it will end

	sights  bool // tells what its pages show
	quality bool // tells how plays go, and how the box is
	alone   bool // the next play begins by itself

	menu  menu
	done  menu // what of it was watched today
	page  string
	goTo  string
	title *title
	part  uint32
	sign  uint32 // when somebody last touched the remote control, tenths of a second after the boot

	shownAt int64 // since when the page is on the screen; 0: none is
	clicked spot  // the last on that page

	play   playing
	lost   *protocol.Event // a View that ended with the mains; nil: none
	lostAt int64           // last sign of life before the mains failed

	owns    uint32          // products, a bit each
	order   *protocol.Event // under way; nil: none
	refund  *protocol.Event // to be given back; nil: none
	episode int
	mark    bookmark // what was left and may be gone on with

	away   absence
	dark   bool // nobody sees what the box shows
	sawOff bool // hot-plug was low in this boot
}

// playing is the segment on the screen.
type playing struct {
	mode    protocol.Mode
	channel string
	content string
	from    int64 // of the segment
	end     int64 // of the play, if the sitting lasts
	why     protocol.End
	speed   int32
	trickAt int64 // when the viewer winds; 0 never
	trace   uint32
	asked   int64 // when it was asked for
	startMs int64 // from then to the first picture

	pos    uint64 // where in the asset the segment began, plus 1; 0: it has no places
	jumpAt int64  // when the viewer goes to another place; 0 never
	tv     protocol.TV
}

// spot is a slot of a page with what stands in it.
type spot struct {
	area    string
	slot    int
	content string
}

func newHousehold(index int, seed uint64, startMs int64, all []place, c *catalogue, w *ways) household {
	h := household{dice: newDice(seed, index), c: c, ways: w, index: index}
	p, city := settle(index, all)
	h.place = p
	h.seed, h.city, h.model = seed, city, h.below(len(models))
	h.box = fmt.Sprintf("%02d%016x", uint8(p.province), h.id())
	who := h.identity()
	h.serial = protocol.IdentitySerial(&who)
	u := h.unit()
	for _, k := range habits {
		h.habit = k.active
		if u < k.share {
			break
		}
		u -= k.share
	}
	h.sights = oneOf(20, seed^0x51697, index)
	h.quality = oneOf(10, seed^0x9a117, index)
	// A later run starts with a higher number, though nobody kept the old one.
	h.boot = uint32(startMs/60_000 - protocol.MinWallMs/60_000)
	h.settleAgent(startMs)
	h.next, h.then = startMs, (*household).firstDay
	if w.terms {
		h.subscribe(startMs)
	}
	return h
}

// id is what the box's names are made of.
func (h *household) id() uint64 { return mix(h.seed ^ mix(uint64(h.index))) }

// identity is who the box says it is. It is made anew each time: kept, it would
// be most of a household's memory.
func (h *household) identity() protocol.Event {
	id, m := h.id(), models[h.model]
	return protocol.Event{
		Kind:     protocol.Identity,
		Account:  fmt.Sprintf("%04d%08d@itv", uint16(h.city), h.index+10_000_000*int(1+h.seed%9)),
		STBID:    fmt.Sprintf("%s%012d%012x", m.maker, h.index, id&(1<<48-1)),
		MAC:      fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", 0x3c, 0xda, byte(id>>32)&0xfe, byte(id>>16), byte(id>>8), byte(id)),
		Province: uint32(h.place.province),
		City:     uint32(h.city),
		Model:    m.name,
		Firmware: m.firmware,
	}
}

// step performs the next act; m holds what it told, perhaps nothing.
func (h *household) step(m *Moment) {
	now := h.next
	m.Box, m.NowMs, m.Cut = h.slot, now, false
	m.Events, m.At = m.Events[:0], m.At[:0]
	if h.clockUnset && h.power == awake && now >= h.syncAt {
		h.sync(now, m)
	}
	then := h.then
	h.then = nil
	then(h, now, m)
	m.Boot, m.BootMs, m.ClockUnset = h.boot, h.bootMs, h.clockUnset
}

// tell records an event of the present moment.
func (h *household) tell(m *Moment, now int64, e protocol.Event) {
	h.tellLate(m, now, e)
}

// touch is somebody with the remote control.
func (h *household) touch(now int64) { h.sign = max(h.sign, uint32((now-h.bootMs)/100)) }

// tellLate records an event that happened at an earlier time of the present
// boot.
func (h *household) tellLate(m *Moment, at int64, e protocol.Event) {
	e.Boot, e.Serial, e.MonoMs = h.boot, h.serial, uint64(at-h.bootMs)
	switch e.Kind {
	case protocol.PageView, protocol.Click, protocol.OrderPage, protocol.Order:
		h.touch(at)
	case protocol.View:
		if e.End == protocol.EndStop || e.End == protocol.EndZap {
			h.touch(at) // pressed to end it
		}
		e.IdleMs = e.MonoMs - min(100*uint64(h.sign), e.MonoMs)
	}
	m.Events = append(m.Events, e)
	m.At = append(m.At, at)
}

func (h *household) sync(now int64, m *Moment) {
	h.clockUnset = false
	h.tell(m, now, protocol.Event{Kind: protocol.ClockSync, WallMs: uint64(now), Clock: protocol.ClockNTP})
}

// after sets the next act.
func (h *household) after(at int64, then act) { h.next, h.then = at, then }

// firstDay plans the rest of the day in which a run starts; who would be
// watching begins within two minutes.
func (h *household) firstDay(now int64, m *Moment) {
	h.plan(now)
	for h.count > 0 && h.sittings[h.sat].to < now+6*60_000 {
		h.sat, h.count = h.sat+1, h.count-1
	}
	if h.count > 0 && h.sittings[h.sat].from < now {
		h.sittings[h.sat].from = now + h.seconds(0, 120)
	}
	h.rest(now)
}

// newDay plans a day.
func (h *household) newDay(now int64, m *Moment) {
	h.plan(now)
	for h.count > 0 && h.sittings[h.sat].from < now {
		h.sat, h.count = h.sat+1, h.count-1
	}
	h.rest(now)
}

func (h *household) plan(now int64) {
	today := aggregator.DayOf(now)
	h.planned = today
	h.menu, h.done = h.dice.menu(), menu{}
	if h.ways.terms {
		h.lapse(today)
	}
	active, longer := h.habit*h.ways.trend.at(today, h.ways.trend.Activity), 1.0
	if h.ways.inSurge(today) {
		active, longer = active*h.ways.will, h.ways.longer
	}
	h.sat, h.count = 0, len(h.day(today, active, longer, h.place.taste.early, h.sittings[:]))
}

// rest waits for the next sitting, or for tomorrow's plan.
func (h *household) rest(now int64) {
	for h.count > 0 && h.sittings[h.sat].to < now+6*60_000 {
		h.sat, h.count = h.sat+1, h.count-1
	}
	if h.count == 0 {
		// A sitting may have run on past midnight: then today is not planned.
		h.after(max(now, (h.planned+1).Start()), (*household).newDay)
		return
	}
	h.sit = h.sittings[h.sat]
	h.sat, h.count = h.sat+1, h.count-1
	h.after(max(h.sit.from, now+60_000), (*household).wake)
	if h.power != standby && !h.told {
		h.next = max(h.sit.from, now)
	}
}

// wake switches the box on.
func (h *household) wake(now int64, m *Moment) {
	cause := protocol.CauseWake
	if h.power == standby {
		h.sawOff = true // with the box
	} else {
		cause = protocol.CauseBoot
		h.restart(now, m)
	}
	h.power = awake
	h.told = true
	h.updateAgent(now, m)
	h.tell(m, now, protocol.Event{Kind: protocol.PowerOn, Cause: cause, Agent: h.agent()})
	h.tellHealth(now, m)
	h.leave = []power{standby, off, cut}[h.pick(h.ways.leave)]
	h.page = ""
	h.sitDown(now)
	h.after(now+h.seconds(1, 3), (*household).home)
}

// restart begins a boot: first what the mains had cut off, then who the box is
// and, if it knows, what time it is.
func (h *household) restart(now int64, m *Moment) {
	if h.power == cut {
		m.Cut = true
		if h.lost != nil {
			h.tellLate(m, h.lostAt, *h.lost)
		}
		h.tellLate(m, h.lostAt, protocol.Event{Kind: protocol.PowerOff, Cause: protocol.CausePowerCut})
	}
	h.lost = nil
	h.boot++
	h.bootMs = now - h.seconds(9, 28)
	h.sign = 0
	h.trace, h.sawOff = 0, false
	h.tell(m, now, h.identity())
	if h.clockUnset = h.chance(h.ways.clockUnset); h.clockUnset {
		h.syncAt = now + h.seconds(20, 90)
		return
	}
	h.sync(now, m)
}

// sleep ends the sitting. What was on the screen has been told, or is lost with
// the mains.
func (h *household) sleep(now int64, m *Moment) {
	h.power = h.leave
	if h.leave == cut {
		h.shownAt = 0 // nobody learns what the page had shown
	} else {
		h.leavePage(now, m)
		h.tellHealth(now, m)
	}
	switch h.leave {
	case standby:
		h.tell(m, now, protocol.Event{Kind: protocol.PowerOff, Cause: protocol.CauseStandby})
	case off:
		h.tell(m, now, protocol.Event{Kind: protocol.PowerOff, Cause: protocol.CauseShutdown})
	case cut:
		h.lostAt = now
	}
	h.rest(now)
}
