package closing

import (
	"maps"
	"slices"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// listeners are told of changes; who is slow gets what it missed in one piece.
type listeners struct {
	mu  sync.Mutex
	all map[chan Change]struct{}
}

// Subscribe returns a channel on which changes come, and a function that ends
// that and closes the channel. A reader that lags gets several changes merged
// into one and holds up nobody.
func (c *Closing) Subscribe() (changes <-chan Change, end func()) {
	l := &c.listeners
	ch := make(chan Change, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[chan Change]struct{}{}
	}
	l.all[ch] = struct{}{}
	return ch, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, ok := l.all[ch]; ok {
			delete(l.all, ch)
			close(ch)
		}
	}
}

func (l *listeners) tell(change Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ch := range l.all {
		next := change
		select {
		case waiting := <-ch: // not fetched yet
			next = merge(waiting, change)
		default:
		}
		ch <- next // has room: only tell sends, under the lock
	}
}

func changeOf(cells []store.Cell, asOfMs int64) Change {
	hours, provinces := map[aggregator.Hour]bool{}, map[aggregator.Province]bool{}
	for _, c := range cells {
		hours[c.Hour], provinces[c.Province] = true, true
	}
	return Change{AsOfMs: asOfMs, Hours: slices.Sorted(maps.Keys(hours)), Provinces: slices.Sorted(maps.Keys(provinces))}
}

func merge(a, b Change) Change {
	return Change{
		AsOfMs:    b.AsOfMs,
		Hours:     slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Hours, b.Hours)))),
		Provinces: slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Provinces, b.Provinces)))),
	}
}
