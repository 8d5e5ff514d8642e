package fleet

import (
	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// What pages show. A share of the boxes tells it, as a sampling profile would
// have it: told by all, it would be most of what boxes tell.

// oneOf reports whether index is the one of its group of n, which seed chooses:
// so any n boxes in a row hold exactly one, and small fleets have theirs.
func oneOf(n int, seed uint64, index int) bool {
	group := uint64(index / n)
	return int(mix(seed^mix(group))%uint64(n)) == index%n
}

// A slot counts as seen from these times on [P-3.8].
const (
	renderedMs = 1000
	focusMs    = 500
)

// template is the version of the pages that the household gets: a quarter is
// shown the next one already.
func (h *household) template() string {
	if h.id()>>32%4 == 0 {
		return "t2026.12"
	}
	return "t2026.11"
}

// block is an area of a page with the slots that fit on the screen; row is how
// many more come with each row that is scrolled to.
type block struct {
	area       string
	slots, row int
}

// layout is what a page shows.
func layout(page string) []block {
	switch page {
	case pageHome:
		return []block{{areaNav, 9, 9}, {areaPosters, 8, 8}}
	case pageLive:
		return []block{{areaGrid, 15, 5}}
	case pageCatchup:
		return []block{{areaSchedule, 10, 5}}
	case pageApps:
		return []block{{areaGrid, len(apps), 1}}
	case pageConfirm, pageOrders:
		return nil // no slots but buttons
	case "detail/film":
		return []block{{areaActions, 3, 3}}
	case "detail/series":
		return []block{{areaActions, 3, 3}, {areaEpisodes, 12, 12}}
	}
	return []block{{areaGrid, 12, 6}}
}

// stands is the content in a slot of the present page, "" if it has none.
func (h *household) stands(area string, slot int, now int64) string {
	if h.clicked.area == area && h.clicked.slot == slot {
		return h.clicked.content
	}
	today, p := aggregator.DayOf(now), h.place.province
	switch {
	case area == areaNav, h.page == pageLive:
		return ""
	case area == areaPosters: // the editors' choice of the day
		r := mix(uint64(p)<<32 | uint64(today)<<8 | uint64(slot))
		return h.c.ranked(genre(r%genres), int(r>>8%6), p).code
	case area == areaSchedule:
		return past((slot-1)%len(channels), today-1, 19)
	case h.page == pageApps:
		return apps[slot-1].code
	case area == areaEpisodes:
		return h.title.episode(slot - 1)
	case area == areaActions:
		return h.title.code
	}
	g := h.title.genre // of a search
	for i := range branch {
		if branch[i].list == h.page {
			g = genre(i)
		}
	}
	return h.c.ranked(g, slot-1, p).code
}

// leavePage ends the sight of the present page, if one is on the screen, and
// tells what it showed.
func (h *household) leavePage(now int64, m *Moment) {
	seen := now - h.shownAt
	if h.shownAt != 0 && h.sights && seen >= renderedMs {
		h.tellFocus(now, m)
		for _, b := range layout(h.page) {
			n := b.slots
			if h.clicked.area == b.area && h.clicked.slot > n {
				n += (h.clicked.slot - n + b.row - 1) / b.row * b.row
			}
			if b.area == areaEpisodes {
				n = min(n, h.title.episodes)
			}
			for slot := 1; slot <= n; slot++ {
				h.tell(m, now, h.sight(b.area, slot, now, protocol.SightRendered, seen))
			}
		}
	}
	h.shownAt, h.clicked = 0, spot{}
}

func (h *household) sight(area string, slot int, now int64, how protocol.Sight, ms int64) protocol.Event {
	return protocol.Event{Kind: protocol.Impression, Source: protocol.SourcePage, Page: h.page, Area: area, Slot: uint32(slot),
		Content: h.stands(area, slot, now), Template: h.template(), Sight: how, DurationMs: uint64(ms)}
}

// tellFocus tells where the focus rested: it begins on the page's first slot
// and goes over one or two more to what was clicked. Passing over a slot for
// less than focusMs is no sight of it.
func (h *household) tellFocus(now int64, m *Moment) {
	blocks := layout(h.page)
	if len(blocks) == 0 {
		return
	}
	first, last := blocks[0].area, h.clicked
	way := []spot{{area: first, slot: 1}}
	if last.area == "" {
		last = spot{area: first, slot: 1 + h.below(blocks[0].slots)}
	}
	if last.slot > 1 && h.chance(0.7) {
		way = append(way, spot{area: last.area, slot: last.slot - 1})
	}
	if last.area != first || last.slot != 1 {
		way = append(way, last)
	}
	from := h.shownAt
	for i, s := range way {
		until := now
		if left := now - from; i < len(way)-1 {
			until = from + int64(h.between(0.05, 0.6)*float64(left))
		}
		if until-from >= focusMs {
			h.tellLate(m, until, h.sight(s.area, s.slot, now, protocol.SightFocus, until-from))
		}
		from = until
	}
}
