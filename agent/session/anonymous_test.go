package session

import (
	"math/rand/v2"
	"testing"

	"iptvdc/protocol"
)

// TestAnonymous: account, STBID and MAC leave the box only while they may; a
// change tells another identity before the next event, with its own serial.
func TestAnonymous(t *testing.T) {
	o := newOutbox(t)
	hidden := true
	s, err := New(Config{BootID: "a", Clock: clock(5000), Rand: rand.NewChaCha8([32]byte{3}), Anonymous: func() bool { return hidden },
		Identity: protocol.Event{Province: 33, City: 3301, Account: "acc", STBID: "stb", MAC: "mac", Model: "m"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(o); err != nil {
		t.Fatal(err)
	}
	record := func(e protocol.Event) {
		t.Helper()
		group := append(s.Preface(o), e)
		for i := range group {
			s.Stamp(&group[i])
		}
		if err := o.Append(group...); err != nil {
			t.Fatal(err)
		}
	}
	click := protocol.Event{Kind: protocol.Click, Page: "p"}
	record(click)
	record(protocol.Event{Kind: protocol.Identity, Account: "acc2", Province: 33}) // the middleware tells a new one
	hidden = false
	record(click)
	record(click)
	hidden = true
	record(click)
	var got []string
	for _, e := range held(t, o) {
		switch {
		case e.Kind == protocol.Identity:
			if e.Serial != protocol.IdentitySerial(&e) || e.Model != "m" || e.City != 3301 {
				t.Errorf("%+v", e)
			}
			got = append(got, "identity "+e.Account+e.STBID+e.MAC)
		case e.Serial == 0:
			t.Errorf("%+v without a serial", e)
		default:
			got = append(got, e.Kind.String())
		}
	}
	want := []string{"identity ", "power_on", "click", "identity ", "identity acc2stbmac", "click", "click", "identity ", "click"}
	if len(got) != len(want) {
		t.Fatalf("%q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d is %q, want %q", i, got[i], want[i])
		}
	}
}
