package inbox

import (
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/dialect"
)

// InForce is a dialect by which a province's files are read now.
type InForce struct {
	*dialect.Dialect
	Own bool // an operator's, not one that is there for everybody
}

// InForce returns the dialects by which files are read now, by province.
func (i *Inbox) InForce() map[aggregator.Province]InForce {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := make(map[aggregator.Province]InForce, len(i.dialects.of))
	for p, d := range i.dialects.of {
		all[p] = InForce{d, i.dialects.own[p]}
	}
	return all
}

// Since is from when on files are taken.
func (i *Inbox) Since() time.Time { return i.since }
