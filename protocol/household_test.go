package protocol_test

import (
	"fmt"
	"math/rand/v2"

	"iptvdc/protocol"
)

// household makes the events of one box as a family at home would: it zaps
// through live channels, browses the portal, plays what it found, now and then
// orders. Names look like those of a provincial portal; channels, pages and
// contents follow Zipf's law, and a click, the page it leads to and the play
// that follows repeat one content code. The same seed gives the same events.
type household struct {
	rnd      *rand.Rand
	pages    *rand.Zipf
	channels *rand.Zipf
	titles   *rand.Zipf
	boot     uint32
	mono     uint64
	trace    uint32
	page     string
	serial   uint32
	box      string
	bare     bool // its views tell nothing of asset and television
	out      []protocol.Event
}

func newHousehold(seed uint64) *household {
	rnd := rand.New(rand.NewPCG(seed, 1))
	h := &household{
		rnd:      rnd,
		pages:    rand.NewZipf(rnd, 1.4, 1, uint64(len(portalPages)-1)),
		channels: rand.NewZipf(rnd, 1.3, 2, 149),
		titles:   rand.NewZipf(rnd, 1.2, 4, 99_999),
		boot:     1 + uint32(rnd.IntN(400)),
		box:      fmt.Sprintf("%016x%07d", rnd.Uint64(), rnd.IntN(10_000_000)),
	}
	return h
}

var portalPages = []string{
	"home/index", "live/channels", "vod/movie/list", "vod/series/list", "vod/movie/detail",
	"vod/series/detail", "kids/index", "kids/cartoon/list", "catchup/guide", "user/history",
	"sport/index", "sport/match/detail", "vod/variety/list", "search/keyboard", "user/favourites",
	"news/index", "edu/primary/list", "game/hall", "order/product", "order/confirm",
	"vod/documentary/list", "local/zhejiang/index", "health/index", "opera/list",
}

var portalAreas = []string{"banner", "menu", "grid", "recommend", "hot", "tabs"}

// events returns the next n events.
func (h *household) events(n int) []protocol.Event {
	for len(h.out) < n {
		h.evening()
	}
	got := h.out[:n:n]
	h.out = h.out[n:]
	return got
}

func (h *household) add(e protocol.Event) {
	e.Boot, e.MonoMs, e.Serial = h.boot, h.mono, h.serial
	h.out = append(h.out, e)
}

func (h *household) wait(least, most int) uint64 {
	ms := uint64(least*1000 + h.rnd.IntN((most-least)*1000))
	h.mono += ms
	return ms
}

// evening is one time the box is on: about 100 events.
func (h *household) evening() {
	h.boot++
	h.mono = 8000 + uint64(h.rnd.IntN(5000))
	who := protocol.Event{Kind: protocol.Identity, Account: "iptv5710" + h.box[16:], STBID: "0010039900" + h.box[:22],
		MAC: "38:e1:aa:" + h.box[0:2] + ":" + h.box[2:4] + ":" + h.box[4:6], Province: 33, City: 3301, Model: "E900V22C", Firmware: "V5.2.017"}
	h.serial = protocol.IdentitySerial(&who)
	h.add(protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseBoot})
	h.add(who)
	h.wait(20, 60)
	h.add(protocol.Event{Kind: protocol.ClockSync, WallMs: 1795347600000 + h.mono + uint64(h.rnd.IntN(86_400_000)), Clock: protocol.ClockServer})
	h.trace = 0
	h.page = ""
	for range 14 + h.rnd.IntN(10) {
		switch h.rnd.IntN(10) {
		case 0, 1, 2, 3:
			h.zapping()
		case 9:
			h.browse()
			h.order()
		default:
			h.browse()
			h.play()
		}
	}
	h.wait(5, 60)
	h.add(protocol.Event{Kind: protocol.PowerOff, Cause: protocol.CauseStandby})
}

func (h *household) enter(page string) {
	h.add(protocol.Event{Kind: protocol.PageView, Source: protocol.SourcePage, Page: page, From: h.page, Template: "t7"})
	h.page = page
}

func (h *household) zapping() {
	for range 1 + h.rnd.IntN(5) {
		ms := h.wait(4, 900)
		h.view(protocol.Event{Kind: protocol.View, Source: protocol.SourceMiddleware, Mode: protocol.ModeLive,
			Channel: fmt.Sprintf("ch%08d", 10_000_000+h.channels.Uint64()*7919), DurationMs: ms - min(ms, uint64(h.rnd.IntN(900))), Speed: 100, End: protocol.EndZap})
	}
}

func (h *household) title() string {
	t := h.titles.Uint64()
	return fmt.Sprintf("%08d%08d", 2_100_000+t%97, (t*2654435761)%100_000_000)
}

func (h *household) browse() {
	h.wait(1, 9)
	h.enter("home/index")
	for range 1 + h.rnd.IntN(3) {
		h.wait(2, 25)
		h.trace++
		h.add(protocol.Event{Kind: protocol.Click, Source: protocol.SourcePage, Page: h.page, Template: "t7",
			Area: portalAreas[h.rnd.IntN(3)], Slot: 1 + uint32(h.rnd.IntN(12)), Trace: h.trace})
		h.mono += uint64(150 + h.rnd.IntN(500))
		h.enter(portalPages[h.pages.Uint64()])
	}
}

func (h *household) play() {
	h.wait(2, 25)
	h.trace++
	content := h.title()
	h.add(protocol.Event{Kind: protocol.Click, Source: protocol.SourcePage, Page: h.page, Template: "t7",
		Area: portalAreas[h.rnd.IntN(len(portalAreas))], Slot: 1 + uint32(h.rnd.IntN(30)), Content: content, Trace: h.trace})
	h.mono += uint64(150 + h.rnd.IntN(500))
	h.enter("vod/movie/detail")
	ms := h.wait(30, 5400)
	e := protocol.Event{Kind: protocol.View, Source: protocol.SourceMiddleware, Mode: protocol.ModeVOD, Content: content,
		DurationMs: ms - min(ms, 800+uint64(h.rnd.IntN(2500))), Speed: 100, End: protocol.EndStop, Trace: h.trace}
	if h.rnd.IntN(6) == 0 {
		e.Mode, e.Channel = protocol.ModeCatchup, fmt.Sprintf("ch%08d", 10_000_000+h.channels.Uint64()*7919)
	}
	if !h.bare {
		e.LengthS, e.PositionMs = lengthOf(content), 1
		if h.rnd.IntN(5) == 0 { // where he left it last time
			e.PositionMs += 1000 * uint64(h.rnd.IntN(int(e.LengthS)))
		}
	}
	h.view(e)
}

// view adds a segment before a television that is on.
func (h *household) view(e protocol.Event) {
	if !h.bare {
		e.TV = protocol.TVOn
	}
	h.add(e)
}

// lengthOf is how many seconds a title lasts.
func lengthOf(title string) uint32 {
	n := uint32(0)
	for _, c := range []byte(title) {
		n = 31*n + uint32(c)
	}
	return 600 + n%6600
}

func (h *household) order() {
	h.wait(5, 40)
	result := protocol.ResultPaid
	if h.rnd.IntN(3) == 0 {
		result = protocol.ResultCancelled
	}
	h.add(protocol.Event{Kind: protocol.Order, Source: protocol.SourcePage, OrderID: fmt.Sprintf("2611%012d", h.rnd.IntN(1_000_000_000_000)),
		Product: fmt.Sprintf("pkg%04d", h.rnd.IntN(40)), Provider: "cp017", Content: h.title(), Fen: 1990, Result: result,
		Pay: protocol.PayCarrierBill, Trace: h.trace})
}
