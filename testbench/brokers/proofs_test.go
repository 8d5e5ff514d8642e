package brokers

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
	"iptvdc/testbench/fault"
	"iptvdc/testbench/fleet"
)

// site is a broker under proof: one that stands outside, or, if that is nil,
// the one inside the aggregator.
type site struct {
	*outside
	homes []fleet.Home
}

// centre starts an aggregator with new data, and tells where boxes connect.
func (s *site) centre(t *testing.T) (c *centre, addr string) {
	t.Helper()
	if s.outside == nil {
		c = startCentre(t, t.TempDir())
		return c, c.embedded
	}
	return startCentre(t, t.TempDir(), s.addr), s.addr
}

// verdict is what a proof comes to with a broker.
type verdict string

const (
	proved verdict = "proved"
	cannot verdict = "cannot" // the broker lacks it; that it does is asserted
	moot   verdict = "moot"   // there is nothing to prove
	failed verdict = "FAILED"
)

// proof is one row of the matrix. run fails the test if what it claims does not
// hold; else it tells what was seen, or why this broker is left out.
type proof struct {
	name string
	run  func(t *testing.T, s *site) (seen string, v verdict)
}

var proofs = []proof{
	{"round trip", roundTrip},
	{"aggregator killed", aggregatorKilled},
	{"broker killed", brokerKilled},
	{"broker emptied", brokerEmptied},
	{"all connections cut", connectionsCut},
	{"two consumers", twoConsumers},
	{"commits fail", commitsFail},
	{"shared subscription", sharedSubscription},
	{"largest packet, order", largestPacket},
	{"retained", retained},
	{"session kept while away", sessionKept},
	{"passwords and rules", passwordsAndRules},
}

// insideOnly is why the embedded broker is left out of what needs clients that
// are no boxes.
const insideOnly = "lets only boxes in; the aggregator takes uploads before the PUBACK, without a subscription"

// refused stands for every proof with a broker that does not let boxes in,
// whoever they are.
func refused(t *testing.T, s *site) (string, verdict) {
	startCentre(t, t.TempDir(), s.addr) // is ready: it gets in itself
	home := s.homes[0]
	l := login{id: protocol.ClientID(home.Box, 1<<60), user: home.Box, password: boxToken}
	c, err := dial(s.addr, l)
	if err == nil {
		c.close()
		t.Fatalf("lets %s in, though it is said not to", l.id)
	}
	l.id = strings.ReplaceAll(l.id, ".", "-")
	without, dashErr := dial(s.addr, l)
	if dashErr != nil {
		t.Fatalf("refuses the box under any client id: %v", dashErr)
	}
	without.close()
	return fmt.Sprintf("refuses every box, because of the dot in its client id [P-2.2]: %v; takes the same id with a dash", err), cannot
}

func roundTrip(t *testing.T, s *site) (string, verdict) {
	c, addr := s.centre(t)
	p := play(t, addr, nil)
	return fmt.Sprintf("%s; %d batches sent", c.verify(t, p.truth), p.batches), proved
}

func aggregatorKilled(t *testing.T, s *site) (string, verdict) {
	c, addr := s.centre(t)
	p := play(t, addr, func() { c.kill(t); c.start(t) })
	if c.kills != 1 {
		t.Fatalf("killed %d times", c.kills)
	}
	seen := c.verify(t, p.truth)
	if s.outside == nil {
		p.lostAll(t)
	}
	return fmt.Sprintf("%s; %d batches sent", seen, p.batches), proved
}

func brokerKilled(t *testing.T, s *site) (string, verdict) {
	if s.outside == nil {
		return "it is the aggregator's own process: see above", moot
	}
	s.leave(t)
	c, addr := s.centre(t)
	kills := s.kills
	p := play(t, addr, func() { s.kill(t); s.start(t) })
	if s.kills != kills+1 {
		t.Fatalf("killed %d times", s.kills-kills)
	}
	p.lostAll(t)
	seen := c.verify(t, p.truth)
	left := s.left(t)
	if left.retained != s.keepsRetained {
		t.Errorf("retained message after the kill: %v, want %v", left.retained, s.keepsRetained)
	}
	if left.session != s.keepsKilled {
		t.Errorf("%d of %d messages of an absent session are there after the kill, want %d", left.session, away, s.keepsKilled)
	}
	return fmt.Sprintf("%s; it still had %s", seen, left), proved
}

func brokerEmptied(t *testing.T, s *site) (string, verdict) {
	if s.outside == nil {
		return "keeps nothing that could be taken from it", moot
	}
	s.leave(t)
	c, addr := s.centre(t)
	var wiped int64
	p := play(t, addr, func() { s.kill(t); wiped = s.wipe(t); s.start(t) })
	p.lostAll(t)
	seen := c.verify(t, p.truth)
	if left := s.left(t); left != (remains{}) {
		t.Errorf("still there after the wipe: %s", left)
	}
	return fmt.Sprintf("%s; %d bytes wiped", seen, wiped), proved
}

func connectionsCut(t *testing.T, s *site) (string, verdict) {
	var c *centre
	var p *fault.Proxy
	var err error
	want := boxes * 95 / 100
	if s.outside == nil {
		c = startCentre(t, t.TempDir())
		p, err = fault.Listen("127.0.0.1:0", c.embedded)
	} else {
		p, err = fault.Listen("127.0.0.1:0", s.addr)
		want += 2 // the aggregator's own
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if c == nil {
		c = startCentre(t, t.TempDir(), p.Addr())
	}
	cut := 0
	fleet := play(t, p.Addr(), func() { cut = p.Cut() })
	if cut < want {
		t.Fatalf("%d connections cut, want %d at least", cut, want)
	}
	fleet.lostAll(t)
	return fmt.Sprintf("%s; %d connections cut", c.verify(t, fleet.truth), cut), proved
}

// twoConsumers divides the shards between two consumers on one ledger, as two
// aggregators would, but lets them overlap: a quarter of the boxes is heard
// twice.
func twoConsumers(t *testing.T, s *site) (string, verdict) {
	if s.outside == nil {
		return insideOnly, moot
	}
	data := t.TempDir()
	d := openDoor(t, data, s.addr, nil, []broker.ShardRange{{From: 0x00, To: 0x9f}}, []broker.ShardRange{{From: 0x60, To: 0xff}})
	p := play(t, s.addr, nil)
	d.shut(t)
	a, b := d.consumers[0].Stats().Uploads.Load(), d.consumers[1].Stats().Uploads.Load()
	repeated := d.outcome(ledger.Repeated)
	if a == 0 || b == 0 || repeated < uint64(p.batches/10) {
		t.Fatalf("consumers took %d and %d packets, %d of them repeats: the boxes were not divided with an overlap", a, b, repeated)
	}
	c := startCentre(t, data, s.addr)
	return fmt.Sprintf("%s; %d and %d packets, %d of them heard twice", c.verify(t, p.truth), a, b, repeated), proved
}

// commitsFail has the ledger refuse every other group. The consumer sends
// PUBACK all the same; the boxes must hear busy and send again.
func commitsFail(t *testing.T, s *site) (string, verdict) {
	if s.outside == nil {
		return "sends no PUBACK after a failed commit; proved in aggregator/broker", moot
	}
	data := t.TempDir()
	sick := &failing{}
	d := openDoor(t, data, s.addr, func(to intake.Committer) intake.Committer { sick.to = to; return sick }, nil)
	p := play(t, s.addr, nil)
	d.shut(t)
	failures, refused := sick.failures.Load(), d.consumers[0].Stats().NotStored.Load()
	if failures < 10 || refused < failures {
		t.Fatalf("%d commits failed, %d packets were refused: nothing was shown", failures, refused)
	}
	c := startCentre(t, data, s.addr)
	return fmt.Sprintf("%s; %d commits failed, %d packets had their PUBACK without being stored", c.verify(t, p.truth), failures, refused), proved
}

// shared is how many messages are published to be shared.
const shared = 60

func sharedSubscription(t *testing.T, s *site) (string, verdict) {
	if s.outside == nil {
		return insideOnly, moot
	}
	const topic = "drill/shared"
	one, two := centreClient(t, s.addr, "shared-1", false), centreClient(t, s.addr, "shared-2", false)
	one.subscribe(t, "$share/centres/"+topic)
	two.subscribe(t, "$share/centres/"+topic)
	all := centreClient(t, s.addr, "shared-all", false)
	all.subscribe(t, topic)
	from := centreClient(t, s.addr, "shared-from", false)
	for i := range shared {
		from.publish(t, topic, false, []byte(strconv.Itoa(i)))
	}
	eventually(t, "an ordinary subscription hears all", func() bool { return len(all.messages(topic)) == shared })
	if !s.shares {
		if a, b := len(one.messages("")), len(two.messages("")); a != 0 || b != 0 {
			t.Errorf("heard %d and %d messages, though it is said to share nothing", a, b)
		}
		return fmt.Sprintf("it grants $share/centres/... and then delivers none of %d messages; divide the shards instead", shared), cannot
	}
	eventually(t, "the group has heard all", func() bool { return len(one.messages(""))+len(two.messages("")) == shared })
	a, b := len(one.messages("")), len(two.messages(""))
	if a == 0 || b == 0 {
		t.Errorf("one of two got all")
	}
	return fmt.Sprintf("%d messages: %d to one, %d to the other", shared, a, b), proved
}

// orderly is how many packets must stay in order.
const orderly = 300

func largestPacket(t *testing.T, s *site) (string, verdict) {
	home := s.homes[0]
	login := login{id: home.Box + ".0000beef", user: home.Box, password: boxToken}
	topic := protocol.UpTopic(uint8(home.Province), home.Box)
	large := bytes.Repeat([]byte("0123456789abcdef"), protocol.MaxPacketUp/16)
	if s.outside == nil {
		_, addr := s.centre(t)
		box, err := dial(addr, login)
		if err != nil {
			t.Fatal(err)
		}
		defer box.close()
		box.publish(t, topic, false, large)
		if got := box.try(topic, append(large, make([]byte, 512)...)); got != hungUp {
			t.Errorf("a packet of %d bytes: %s, want: %s", len(large)+512, got, hungUp)
		}
		return fmt.Sprintf("%d bytes are taken, with 512 more it hangs up", len(large)), proved
	}
	to := centreClient(t, s.addr, "large-to", false)
	to.subscribe(t, "u1/+/+/+")
	box, err := dial(s.addr, login)
	if err != nil {
		t.Fatal(err)
	}
	defer box.close()
	box.publish(t, topic, false, large)
	eventually(t, "the largest packet arrives", func() bool { return len(to.messages(topic)) == 1 })
	if m := to.messages(topic)[0]; !bytes.Equal(m.Payload(), large) || m.Qos() != 1 {
		t.Errorf("%d bytes of QoS %d arrived, or others than were sent", len(m.Payload()), m.Qos())
	}
	for i := range orderly {
		box.publish(t, topic, false, []byte(strconv.Itoa(i)))
	}
	eventually(t, "all packets arrive", func() bool { return len(to.messages(topic)) == 1+orderly })
	for i, m := range to.messages(topic)[1:] {
		if string(m.Payload()) != strconv.Itoa(i) {
			t.Fatalf("packet %s arrived as number %d", m.Payload(), i)
		}
	}
	return fmt.Sprintf("%d bytes arrive whole with QoS 1; %d packets of a box in order", len(large), orderly), proved
}

func retained(t *testing.T, s *site) (string, verdict) {
	if s.outside == nil {
		return "profiles come from the aggregator's own process; proved in aggregator/broker", moot
	}
	const topic = "p1/33/drill"
	from := centreClient(t, s.addr, "retained-from", false)
	from.publish(t, topic, true, []byte("old"))
	from.publish(t, topic, true, []byte("new"))
	heard := s.hears(t, topic)
	if string(heard) != "new" {
		t.Fatalf("a box that comes later hears %q", heard)
	}
	from.publish(t, topic, true, nil)
	if heard := s.hears(t, topic); heard != nil {
		t.Errorf("a box that comes after it was taken back hears %q", heard)
	}
	return "a box that comes later hears the latest, and nothing once it is taken back", proved
}

// hears is the retained message that a box gets on a topic of profiles when it
// subscribes, nil if there is none.
func (s *site) hears(t *testing.T, topic string) []byte {
	t.Helper()
	home := s.homes[1]
	box, err := dial(s.addr, login{id: home.Box + ".0000feed", user: home.Box, password: boxToken})
	if err != nil {
		t.Fatal(err)
	}
	defer box.close()
	box.subscribe(t, topic)
	mark := topic + "/mark" // comes after what is retained
	box.subscribe(t, mark)
	from := centreClient(t, s.addr, "retained-mark", false)
	from.publish(t, mark, false, []byte("mark"))
	eventually(t, "the mark", func() bool { return len(box.messages(mark)) > 0 })
	for _, m := range box.messages(topic) {
		if m.Retained() {
			return m.Payload()
		}
	}
	return nil
}

func sessionKept(t *testing.T, s *site) (string, verdict) {
	if s.outside == nil {
		return insideOnly, moot
	}
	s.leave(t)
	left := s.left(t)
	if left.session != s.keeps || !left.retained {
		t.Errorf("it had %s, want %d of %d", left, s.keeps, away)
	}
	return fmt.Sprintf("%d of %d packets published meanwhile; not used: the consumer's session is clean, boxes send again", left.session, away), proved
}

// away is how many packets are published for a session whose client is away.
const away = 1500

const (
	leftTopic     = "drill/away"
	leftRetained  = "p1/43/drill"
	absentSession = "absent"
)

// remains is what a broker still has of what leave left with it.
type remains struct {
	session  int // packets of an absent session
	retained bool
}

func (r remains) String() string {
	profile := "not the retained one"
	if r.retained {
		profile = "the retained one"
	}
	return fmt.Sprintf("%d of %d packets of an absent session and %s", r.session, away, profile)
}

// leave leaves a retained message and, for a session that is away, packets.
func (s *site) leave(t *testing.T) {
	t.Helper()
	fresh, err := dial(s.addr, login{absentSession, centreUser, centrePassword, false})
	if err != nil {
		t.Fatal(err)
	}
	fresh.close() // a clean session ends the one that was kept
	absent, err := dial(s.addr, login{absentSession, centreUser, centrePassword, true})
	if err != nil {
		t.Fatal(err)
	}
	absent.subscribe(t, leftTopic)
	absent.close()
	from := centreClient(t, s.addr, "leave", false)
	from.publish(t, leftRetained, true, []byte("profile"))
	for i := range away {
		from.publish(t, leftTopic, false, []byte(strconv.Itoa(i)))
	}
}

// left asks for what leave left.
func (s *site) left(t *testing.T) remains {
	t.Helper()
	var r remains
	r.retained = s.hears(t, leftRetained) != nil
	absent := centreClient(t, s.addr, absentSession, true)
	absent.subscribe(t, leftTopic) // again: the broker may have forgotten the session
	from := centreClient(t, s.addr, "left", false)
	told := 0
	eventually(t, "the absent session is told all", func() bool {
		from.publish(t, leftTopic, false, []byte("end"))
		told = 0
		for _, m := range absent.messages(leftTopic) {
			if string(m.Payload()) == "end" {
				return true
			}
			told++
		}
		return false
	})
	r.session = told
	return r
}

func passwordsAndRules(t *testing.T, s *site) (string, verdict) {
	addr := ""
	if s.outside == nil {
		_, addr = s.centre(t)
	} else {
		addr = s.addr
	}
	one, two := s.homes[2], s.homes[3]
	id := one.Box + ".00001111"
	for _, l := range []login{
		{id: id, user: one.Box, password: "wrong"},
		{id: id, user: one.Box},
		{id: id},
		{id: id, user: "nobody", password: boxToken},
		{id: "x", user: centreUser, password: boxToken},
	} {
		if c, err := dial(addr, l); err == nil {
			c.close()
			t.Errorf("user %q is let in with password %q", l.user, l.password)
		}
	}
	box, err := dial(addr, login{id: id, user: one.Box, password: boxToken})
	if err != nil {
		t.Fatal(err)
	}
	defer box.close()
	foreign := protocol.UpTopic(uint8(two.Province), two.Box)
	denied := answer("")
	if s.outside == nil {
		denied = box.try(foreign, []byte("not mine to say"))
		if denied != hungUp {
			t.Errorf("a foreign topic: %s, want: %s", denied, hungUp)
		}
	} else {
		denied = s.denies(t, box, foreign)
	}
	return fmt.Sprintf("five bad sign-ins refused; a publish on another box's topic is not passed on (%s); %s", denied, s.takeOver(t, addr)), proved
}

// denies publishes what the rules forbid and fails the test if anybody hears it.
func (s *site) denies(t *testing.T, box *client, foreign string) answer {
	t.Helper()
	to := centreClient(t, s.addr, "rules-to", false)
	to.subscribe(t, "u1/+/+/+")
	denied := box.try(foreign, []byte("not mine to say"))
	if denied != s.denied {
		t.Errorf("a foreign topic: %s, want: %s", denied, s.denied)
	}
	from := centreClient(t, s.addr, "rules-from", false)
	from.publish(t, "u1/33/00/end", false, []byte("end"))
	eventually(t, "what is allowed arrives", func() bool { return len(to.messages("u1/33/00/end")) == 1 })
	if n := len(to.messages(foreign)); n != 0 {
		t.Errorf("%d forbidden packets arrived", n)
	}
	return denied
}

// takeOver tells whether a box can throw out another by its client id.
func (s *site) takeOver(t *testing.T, addr string) string {
	t.Helper()
	victim, other := s.homes[4], s.homes[5]
	id := victim.Box + ".00002222"
	v, err := dial(addr, login{id: id, user: victim.Box, password: boxToken})
	if err != nil {
		t.Fatal(err)
	}
	defer v.close()
	o, err := dial(addr, login{id: id, user: other.Box, password: boxToken})
	guards := err != nil
	if !guards {
		defer o.close()
	}
	if want := s.outside == nil || s.guardsID; guards != want {
		t.Errorf("another box's client id is refused: %v, want %v", guards, want)
	}
	if guards {
		return "another box's client id is refused"
	}
	return "another box's client id is accepted, and throws that box out"
}
