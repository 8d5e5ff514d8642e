package provisioning

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"testing"
	"time"

	"crypto/x509"

	"iptvdc/agent/identity"
	"iptvdc/aggregator/provision"
	"iptvdc/protocol"
)

// errCut is the end of everything: the power is gone.
var errCut = errors.New("power cut")

// flash is a box's flash and its wire, on which the power can be cut before and after
// everything that is done.
type flash struct {
	files   map[string][]byte
	removed map[string][]byte // gone, but not for certain
	forgets bool              // what was removed comes back with a cut
	left    int               // what is still done; below 0: all of it
	off     bool
	what    string // was being done at the cut
}

// point is one place for a cut.
func (f *flash) point(what string) bool {
	if f.off {
		return false
	}
	if f.left == 0 {
		f.off, f.what = true, what
		return false
	}
	f.left--
	return true
}

func (f *flash) Read(name string) ([]byte, error) {
	b, ok := f.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return b, nil
}

func (f *flash) Replace(name string, b []byte) error {
	if !f.point("before " + name) {
		return errCut
	}
	f.files[name] = b
	delete(f.removed, name)
	if !f.point("after " + name) {
		return errCut
	}
	return nil
}

func (f *flash) Remove(name string) error {
	if !f.point("before removing " + name) {
		return errCut
	}
	if b, ok := f.files[name]; ok {
		f.removed[name] = b
		delete(f.files, name)
	}
	if !f.point("after removing " + name) {
		return errCut
	}
	return nil
}

// on brings the power back.
func (f *flash) on() {
	f.off = false
	if f.forgets {
		maps.Copy(f.files, f.removed)
	}
	f.removed = map[string][]byte{}
}

// life is one box on one registry.
type life struct {
	t        *testing.T
	c        *centre
	flash    *flash
	keeper   *identity.Keeper
	box      string
	serial   string
	claim    protocol.Credential
	cuts     []int // after how many points the power goes, one after the other
	happened string
}

func (l *life) boot() {
	l.flash.on()
	l.flash.left = -1
	if len(l.cuts) > 0 {
		l.flash.left, l.cuts = l.cuts[0], l.cuts[1:]
	}
	var err error
	l.keeper, err = identity.Open(identity.Config{
		Disk: l.flash, Box: l.box, Serial: l.serial, Province: 33, Claim: l.claim,
		MonoMs: func() uint64 { return uint64(l.c.nowMs()) }, BackoffMin: time.Nanosecond, BackoffMax: time.Nanosecond,
		Ask: func(ctx context.Context, q identity.Question) ([]byte, error) {
			if !l.flash.point("before the question") {
				return nil, errCut
			}
			_, answer := l.c.registry.Enrol(ctx, q.Topic, q.Packet, q.User, "10.0.0.1")
			if !l.flash.point("before the answer") {
				return nil, errCut
			}
			if !q.Mine(answer) {
				return nil, errors.New("not the answer to this")
			}
			return answer, nil
		},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.keeper.Heard(uint64(l.c.nowMs()), uint64(l.c.nowMs()))
}

// until steps, through cuts and boots, until done.
func (l *life) until(what string, done func() bool) bool {
	for n := 0; !done(); n++ {
		if n > 40 {
			l.t.Errorf("%s: it does not come to %s: %+v", l.happened, what, l.keeper.Stats())
			return false
		}
		l.c.pass(7 * time.Second) // not too eager
		l.keeper.Step(l.t.Context())
		if l.flash.off {
			l.happened += fmt.Sprintf("cut %s of %s; ", l.flash.what, what)
			l.boot()
		}
	}
	return true
}

// admitted reports whether the box is let in with what it has on flash, as one that
// starts now would show it; if not, it is told as a broker would.
func (l *life) admitted() bool {
	cert := l.keeper.Certificate()
	if cert == nil {
		return false
	}
	why := l.c.registry.Admit(l.t.Context(), l.box, []*x509.Certificate{cert.Leaf})
	if why != "" {
		l.keeper.Refused()
	}
	return why == ""
}

// live is the life of a box until it is old: it claims, renews, is revoked and let in
// again. false: the cuts came in no time.
func (l *life) live() bool {
	ctx := l.t.Context()
	l.boot()
	if !l.until("its first certificate", l.admitted) {
		return false
	}
	first := l.keeper.Certificate().Leaf
	l.c.pass(85 * time.Hour) // of a hundred
	l.keeper.Heard(uint64(l.c.nowMs()), uint64(l.c.nowMs()))
	if !l.until("its renewal", func() bool {
		l.keeper.Heard(uint64(l.c.nowMs()), uint64(l.c.nowMs()))
		return l.admitted() && !l.keeper.Certificate().Leaf.Equal(first)
	}) {
		return false
	}
	if err := errors.Join(l.c.registry.RevokeBox(ctx, l.box, "tried"), l.c.registry.AllowBox(ctx, l.box)); err != nil {
		l.t.Fatal(err)
	}
	if l.admitted() {
		l.t.Errorf("%s: let in though it is revoked", l.happened)
	}
	return l.until("its second first certificate", l.admitted)
}

// TestCutAtEveryStep cuts the power before and after everything that a box does to its
// flash and over the wire for its certificates, and once more during what it does
// then. In the end it must be let in, its serial used once, and nothing of it refused
// or taken for a clone.
func TestCutAtEveryStep(t *testing.T) {
	c := newCentre(t)
	k := c.credential(t, provision.Batch{})
	boxes, cuts := 0, 0
	second := []int{0, 2}
	if testing.Short() {
		second = []int{1}
	}
	for _, forgets := range []bool{false, true} {
		for first := 0; ; first++ {
			last := false
			for _, then := range second {
				boxes++
				l := &life{t: t, c: c, flash: &flash{files: map[string][]byte{}, removed: map[string][]byte{}, forgets: forgets},
					box: fmt.Sprintf("cut%017d", boxes), serial: fmt.Sprintf("SN%d", boxes), claim: k, cuts: []int{first, then}}
				if !l.live() {
					return
				}
				if last = len(l.cuts) == 2 || l.happened == ""; last {
					break
				}
				cuts++
				s, err := c.registry.Box(t.Context(), l.box)
				if err != nil || len(s.Refusals)+len(s.Suspects) > 0 || s.Serial != l.serial {
					t.Errorf("%s: %+v, %v", l.happened, s, err)
					return
				}
			}
			if last {
				break
			}
		}
	}
	t.Logf("%d boxes, %d pairs of cuts", boxes, cuts)
	if cuts < 20 {
		t.Errorf("only %d cuts: nothing was shown", cuts)
	}
}
