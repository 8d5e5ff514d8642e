package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
)

var zhejiang, hunan = aggregator.Scope{Provinces: []aggregator.Province{33}}, aggregator.Scope{Provinces: []aggregator.Province{43}}

// society is settings with people in it.
type society struct {
	*Settings
	t     *testing.T
	clock *clock
}

func newSociety(t *testing.T) *society {
	t.Helper()
	c := newClock()
	return &society{open(t, filepath.Join(t.TempDir(), "settings.sqlite"), c), t, c}
}

// as is who a person is now, as any of their requests would find.
func (s *society) as(name string) Principal {
	s.t.Helper()
	d, err := s.directory(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	one := d.people[d.byName[name]]
	if one == nil {
		s.t.Fatalf("there is no %s", name)
	}
	return d.principal(one)
}

func (s *society) add(by Principal, name string, give ...Permit) {
	s.t.Helper()
	if err := s.AddPerson(s.t.Context(), by, name, Profile{}, give); err != nil {
		s.t.Fatalf("add %s: %v", name, err)
	}
}

func (s *society) refused(err error, code, text string) {
	s.t.Helper()
	var fault *aggregator.Error
	if !errors.As(err, &fault) || fault.Code != code || !strings.Contains(fault.Message, text) {
		s.t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

func (s *society) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestAManagerPassesOnWhatTheyHold(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "wang", Permit{Role: "province_manager", Scope: zhejiang})
	wang := s.as("wang")
	if wang.Grants.In(aggregator.DataOrders).Sees(43) || !wang.Grants.In(aggregator.DataOrders).Sees(33) || wang.Powers.Has(Administer) {
		t.Errorf("a manager of Zhejiang is %+v", wang)
	}
	s.add(wang, "li", Permit{Role: "content", Scope: zhejiang}, Permit{Data: aggregator.DataUsers, Scope: zhejiang})
	if li := s.as("li"); !li.Grants.In(aggregator.DataUsers).Sees(33) || !li.Grants[aggregator.DataOrders].Empty() || li.Powers.Has(ManagePeople) || !li.Powers.Has(ShareBoards) || !slices.Equal(li.Roles, []string{"content"}) {
		t.Errorf("li is %+v", li)
	}
	s.add(wang, "deputy", Permit{Role: "province_manager", Scope: zhejiang})

	give := func(by Principal, name, code, text string, permits ...Permit) {
		t.Helper()
		s.refused(s.AddPerson(ctx, by, name, Profile{}, permits), code, text)
	}
	give(wang, "x1", "forbidden", "activity in 43", Permit{Role: "content", Scope: aggregator.Scope{Provinces: []aggregator.Province{33, 43}}})
	give(wang, "x1", "forbidden", "all provinces", Permit{Data: aggregator.DataEPG, Scope: aggregator.Scope{All: true}})
	give(wang, "x1", "forbidden", "administer", Permit{Role: RoleAdministrator, Scope: aggregator.Scope{All: true}})
	give(wang, "x1", "bad_role", "all provinces", Permit{Role: RoleAdministrator, Scope: zhejiang})
	give(wang, "x1", "bad_role", "allowed: administrator, content", Permit{Role: "king", Scope: zhejiang})
	give(wang, "x1", "bad_grant", "at least one province", Permit{Role: "content"})
	give(wang, "x1", "bad_grant", "either", Permit{Scope: zhejiang})
	give(wang, "x1", "bad_data_set", "allowed: activity", Permit{Data: "money", Scope: zhejiang})
	give(wang, "li", "name_taken", "li")
	if _, err := s.NewToken(ctx, Principal{Name: "report", Grants: aggregator.Everything()}); err != nil {
		t.Fatal(err)
	}
	give(wang, "report", "name_taken", "a token's")
	give(wang, "Li Wei", "bad_name", "a-z")
	give(s.as("li"), "x1", "forbidden", "may not manage")
	if _, err := s.OnePerson(ctx, OfMachine(), "x1"); err == nil {
		t.Error("a person who was refused is there all the same")
	}

	// Whom others gave more is theirs no longer: a link for them would be more.
	s.ok(s.SetPermits(ctx, OfMachine(), "li", []Permit{{Role: "content", Scope: zhejiang}, {Data: aggregator.DataUsers, Scope: zhejiang}, {Data: aggregator.DataOrders, Scope: hunan}}))
	_, err := s.LinkFor(ctx, wang, "li")
	s.refused(err, "forbidden", "more than you may give")
	s.refused(s.Disable(ctx, wang, "li", true), "forbidden", "more than you")
	s.refused(s.SetPermits(ctx, wang, "li", []Permit{{Role: "content", Scope: zhejiang}}), "forbidden", "only take back what you gave")
	s.ok(s.SetPermits(ctx, wang, "li", []Permit{{Role: "content", Scope: zhejiang}, {Data: aggregator.DataOrders, Scope: hunan}}))
	if li := s.as("li"); !li.Grants[aggregator.DataUsers].Empty() || !li.Grants[aggregator.DataOrders].Sees(43) {
		t.Errorf("taken back: %+v", li.Grants)
	}

	// Others' people are nobody's business, nor are those above.
	s.add(OfMachine(), "zhao", Permit{Role: "province_manager", Scope: hunan})
	for _, other := range []string{"zhao", "administrator", "nobody"} {
		_, err := s.OnePerson(ctx, wang, other)
		s.refused(err, "not_found", other)
		s.refused(s.ResetTOTP(ctx, wang, other), "not_found", other)
	}
	names := func(p Principal) (all []string) {
		list, err := s.People(ctx, p)
		s.ok(err)
		for _, one := range list {
			all = append(all, one.Name)
		}
		return all
	}
	if got := names(wang); !slices.Equal(got, []string{"deputy", "li"}) {
		t.Errorf("wang sees %v", got)
	}
	if got := names(s.as("li")); len(got) != 0 {
		t.Errorf("li sees %v", got)
	}
	if got := names(OfMachine()); len(got) != 5 {
		t.Errorf("the machine sees %v", got)
	}
	s.refused(s.SetPermits(ctx, OfMachine(), "administrator", nil), "forbidden", "always will")
	s.refused(s.Disable(ctx, OfMachine(), "administrator", true), "forbidden", "built in")
}

// What is taken from a giver is gone from all who had it of them, with the next
// request; a giver who only leaves takes nobody along.
func TestRevokingReachesThoseBehind(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	both := aggregator.Scope{Provinces: []aggregator.Province{33, 43}}
	s.add(OfMachine(), "wang", Permit{Role: "province_manager", Scope: both})
	s.add(s.as("wang"), "deputy", Permit{Role: "province_manager", Scope: both})
	s.add(s.as("deputy"), "li", Permit{Role: "content", Scope: both})
	sees := func(name string, zj, hn bool) {
		t.Helper()
		g := s.as(name).Grants.In(aggregator.DataEPG)
		if g.Sees(33) != zj || g.Sees(43) != hn {
			t.Errorf("%s sees %v", name, g)
		}
	}
	sees("li", true, true)
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", []Permit{{Role: "province_manager", Scope: zhejiang}}))
	sees("deputy", true, false)
	sees("li", true, false)
	if one, err := s.OnePerson(ctx, OfMachine(), "li"); err != nil || !one.Worth[0] || one.Givers[0] != "deputy" {
		t.Errorf("%+v, %v", one, err)
	}
	s.ok(s.Disable(ctx, OfMachine(), "wang", true))
	sees("li", true, false)
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", nil))
	sees("deputy", false, false)
	sees("li", false, false)
	if one, err := s.OnePerson(ctx, OfMachine(), "li"); err != nil || one.Worth[0] || len(one.Permits) != 1 || one.Powers != 0 {
		t.Errorf("%+v, %v", one, err)
	}
	// It comes back with what was behind it.
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", []Permit{{Role: "province_manager", Scope: hunan}}))
	sees("li", false, true)
	// Two who give to each other have nothing of it.
	s.ok(s.SetPermits(ctx, OfMachine(), "deputy", []Permit{{Role: "province_manager", Scope: both}}))
	s.ok(s.SetPermits(ctx, s.as("deputy"), "wang", []Permit{{Role: "province_manager", Scope: hunan}}))
	sees("wang", false, true)
}

// Whatever people with any powers do in whatever order, nobody ever holds more than
// what all their givers together may pass on at that time; without a way back to the
// built-in administrator nobody holds anything.
func TestNobodyGetsMoreThanGiversHold(t *testing.T) {
	roles := map[string]Role{}
	for _, r := range builtIn {
		roles[r.Name] = r
	}
	names := []string{"content", "marketing", "province_manager", RoleAdministrator}
	scopes := []aggregator.Scope{{All: true}, zhejiang, hunan, {Provinces: []aggregator.Province{33, 43}}}
	rapid.Check(t, func(t *rapid.T) {
		const people = 6
		permits := map[int64][]Permit{}
		for id := int64(root); id <= people; id++ {
			permits[id] = []Permit{}
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			to := rapid.Int64Range(root+1, people).Draw(t, "to")
			if n := len(permits[to]); n > 0 && rapid.IntRange(0, 3).Draw(t, "take") == 0 {
				at := rapid.IntRange(0, n-1).Draw(t, "which")
				permits[to] = slices.Delete(permits[to], at, at+1)
			} else {
				p := Permit{Scope: rapid.SampledFrom(scopes).Draw(t, "scope"), By: rapid.Int64Range(root, people).Draw(t, "by")}
				if rapid.Bool().Draw(t, "role") {
					p.Role = rapid.SampledFrom(names).Draw(t, "name")
				} else {
					p.Data = rapid.SampledFrom(aggregator.DataSets()).Draw(t, "data")
				}
				grants, powers := p.meaning(roles)
				giver := hold(permits, roles)[p.By]
				if giver.mayGive(grants, powers) {
					permits[to] = append(permits[to], p)
				} else if rapid.IntRange(0, 9).Draw(t, "forged") == 0 {
					permits[to] = append(permits[to], p) // a row that nobody could write is worth no more
				}
			}
			all := hold(permits, roles)
			for id := int64(root + 1); id <= people; id++ {
				givers, powers := aggregator.Grants{}, Powers(0)
				for _, p := range permits[id] {
					givers, powers = givers.Or(all[p.By].pass), powers|all[p.By].passPowers
				}
				h := all[id]
				if !h.grants.Within(givers) || !powers.Has(h.powers) || !h.pass.Within(h.grants) || !h.powers.Has(h.passPowers) {
					t.Fatalf("person %d holds %v (%s), may pass on %v; givers %v (%s); %v", id, h.grants, h.powers, h.pass, givers, powers, permits)
				}
				if h.powers.Has(Administer) && !h.grants.All() {
					t.Fatalf("person %d administers with %v", id, h.grants)
				}
				if !reaches(permits, id, map[int64]bool{}) && !h.grants.Empty() {
					t.Fatalf("person %d holds %v from nowhere; %v", id, h.grants, permits)
				}
			}
		}
	})
}

// reaches reports whether a chain of givers leads from the root to a person.
func reaches(permits map[int64][]Permit, id int64, been map[int64]bool) bool {
	if id == root {
		return true
	}
	been[id] = true
	return slices.ContainsFunc(permits[id], func(p Permit) bool { return !been[p.By] && reaches(permits, p.By, been) })
}

const good = "four dry horses"

func (s *society) invite(name string) string {
	s.t.Helper()
	key, err := s.LinkFor(s.t.Context(), OfMachine(), name)
	s.ok(err)
	session, err := s.Redeem(s.t.Context(), key, Visitor{"10.0.0.1", "test"})
	s.ok(err)
	return session
}

func (s *society) in(session string) Principal {
	s.t.Helper()
	p, err := s.BySession(s.t.Context(), session)
	s.ok(err)
	return p
}

func TestSignInByPassword(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "anna", Permit{Role: "content", Scope: zhejiang})
	session := s.invite("anna")
	for _, bad := range []string{"short", strings.Repeat("x", 201), "anna and her dog", "aaaaaaaaaaaabb", "0123456789", "password1234"} {
		s.refused(s.SetPassword(ctx, s.in(session), "", bad), "bad_password", "")
	}
	s.ok(s.SetPassword(ctx, s.in(session), "", good))
	if _, err := s.BySession(ctx, session); err != nil {
		t.Errorf("the session that set it ended: %v", err)
	}
	from := Visitor{"10.0.0.2", "phone"}
	phone, err := s.SignIn(ctx, " Anna ", good, from)
	s.ok(err)
	if p := s.in(phone); p.Name != "anna" || p.Needs != "" || !p.Grants[aggregator.DataEPG].Sees(33) {
		t.Errorf("%+v", p)
	}
	s.add(OfMachine(), "new")
	for _, try := range [][2]string{{"anna", "wrong horses"}, {"nobody", good}, {"new", ""}, {"new", good}, {"", ""}, {"anna", strings.Repeat("x", 10_000)}, {"administrator", ""}} {
		if secret, err := s.SignIn(ctx, try[0], try[1], from); secret != "" || !errors.Is(err, errRefused) {
			t.Errorf("%q: %q, %v", try, secret, err)
		}
	}
	trail, err := s.Trail(ctx, OfMachine(), TrailQuery{What: "sign_in_refused", Limit: 9})
	s.ok(err)
	var told []string
	for _, e := range trail {
		told = append(told, e.Whom+": "+e.Detail)
	}
	if want := []string{"administrator: no password", "anna: password", ": no such name", "new: no password", "new: no password", ": no such name", "anna: password"}; !slices.Equal(told, want) {
		t.Errorf("the log tells %q, want %q", told, want)
	}
	sessions, err := s.Sessions(ctx, s.in(phone))
	if err != nil || len(sessions) != 2 || !slices.ContainsFunc(sessions, func(i SessionInfo) bool { return i.Here && i.Place == "10.0.0.2" && i.Agent == "phone" }) {
		t.Errorf("%+v, %v", sessions, err)
	}
	// The old one is asked for, even of who came by a link, once that is old.
	s.refused(s.SetPassword(ctx, s.in(phone), "wrong horses", "six green horses"), "bad_password", "as it was")
	s.clock.pass(resetLife + time.Second)
	s.refused(s.SetPassword(ctx, s.in(session), "", "six green horses"), "bad_password", "as it was")
	s.ok(s.SetPassword(ctx, s.in(phone), good, "six green horses"))
	if _, err := s.BySession(ctx, session); !errors.Is(err, ErrUnknown) {
		t.Errorf("another session lives on: %v", err)
	}
	if _, err := s.SignIn(ctx, "anna", good, from); !errors.Is(err, errRefused) {
		t.Errorf("the old password: %v", err)
	}
	second, err := s.SignIn(ctx, "anna", "six green horses", from)
	s.ok(err)
	s.ok(s.EndOne(ctx, s.in(phone), s.in(second).Session))
	if _, err := s.BySession(ctx, second); !errors.Is(err, ErrUnknown) {
		t.Errorf("ended: %v", err)
	}
	s.refused(s.EndOne(ctx, s.in(phone), "other"), "not_found", "other")
	// Disabled ends all, at once, and opens again.
	s.ok(s.Disable(ctx, OfMachine(), "anna", true))
	if _, err := s.BySession(ctx, phone); !errors.Is(err, ErrUnknown) {
		t.Errorf("disabled: %v", err)
	}
	if _, err := s.SignIn(ctx, "anna", "six green horses", from); !errors.Is(err, errRefused) {
		t.Errorf("disabled: %v", err)
	}
	s.ok(s.Disable(ctx, OfMachine(), "anna", false))
	if _, err := s.SignIn(ctx, "anna", "six green horses", from); err != nil {
		t.Error(err)
	}
	b, err := os.ReadFile(filepath.Join(filepath.Dir(s.path()), "settings.sqlite-wal"))
	if err != nil || strings.Contains(string(b), good) {
		t.Errorf("the file holds a password (%v)", err)
	}
}

func (s *society) path() string {
	s.t.Helper()
	var seq, name, path string
	s.ok(s.db.QueryRow("PRAGMA database_list").Scan(&seq, &name, &path))
	return path
}

// The codes of RFC 6238's appendix B, six digits of them.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := totpCode([]byte("12345678901234567890"), at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestSecondFactor(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "anna", Permit{Role: "content", Scope: zhejiang})
	session := s.invite("anna")
	s.ok(s.SetPassword(ctx, s.in(session), "", good))
	text, uri, err := s.NewTOTP(ctx, s.in(session))
	s.ok(err)
	if want := "otpauth://totp/IPTV:anna?issuer=IPTV&secret=" + text; uri != want {
		t.Errorf("uri %s, want %s", uri, want)
	}
	secret, err := base32Text.DecodeString(text)
	s.ok(err)
	code := func(steps int64) string { return totpCode(secret, s.clock.Now().Unix()/30+steps) }
	// Until it is confirmed nobody is asked for it.
	signIn := func() string {
		t.Helper()
		session, err := s.SignIn(ctx, "anna", good, Visitor{})
		s.ok(err)
		return session
	}
	if p := s.in(signIn()); p.Needs != "" {
		t.Errorf("asked before it was confirmed: %+v", p)
	}
	_, err = s.ConfirmTOTP(ctx, s.in(session), "000000")
	s.refused(err, "code_refused", "clock")
	recovery, err := s.ConfirmTOTP(ctx, s.in(session), code(0))
	if err != nil || len(recovery) != recoverable {
		t.Fatalf("%v, %v", recovery, err)
	}
	half := signIn()
	if p := s.in(half); p.Needs != NeedsCode {
		t.Errorf("not asked: %+v", p)
	}
	try := func(code string) (string, error) { return s.Confirm(ctx, half, code, Visitor{}) }
	for what, c := range map[string]string{"the one it was set up with": code(0), "one of two steps before": code(-2), "none": "", "a word": "horses"} {
		if _, err := try(c); !errors.Is(err, errCode) {
			t.Errorf("%s: %v", what, err)
		}
	}
	whole, err := try(code(1)[:3] + " " + code(1)[3:])
	s.ok(err)
	if p := s.in(whole); p.Needs != "" || p.Name != "anna" {
		t.Errorf("%+v", p)
	}
	if _, err := s.BySession(ctx, half); !errors.Is(err, ErrUnknown) {
		t.Errorf("the half session lives on: %v", err)
	}
	half = signIn()
	if _, err := try(code(1)); !errors.Is(err, errCode) {
		t.Errorf("a code worked twice: %v", err)
	}
	_, err = try(strings.ToLower(recovery[3]))
	s.ok(err)
	half = signIn()
	if _, err := try(recovery[3]); !errors.Is(err, errCode) {
		t.Errorf("a recovery code worked twice: %v", err)
	}
	// A link stands for the password, not for the code; the machine's for both.
	s.add(OfMachine(), "chief", Permit{Role: RoleAdministrator, Scope: aggregator.Scope{All: true}})
	key, err := s.LinkFor(ctx, s.as("chief"), "anna")
	s.ok(err)
	linked, err := s.Redeem(ctx, key, Visitor{})
	s.ok(err)
	if p := s.in(linked); p.Needs != NeedsCode {
		t.Errorf("a link went round the second factor: %+v", p)
	}
	s.clock.pass(2 * totpStep)
	s.ok(s.EndTOTP(ctx, s.in(whole), code(0)))
	if p := s.in(signIn()); p.Needs != "" {
		t.Errorf("given up: %+v", p)
	}
	// Administrators must have one, if so set; who reads the data folder need not.
	s.ok(s.SetOptions(ctx, OfMachine(), Options{AdminTOTP: true}))
	key, err = s.LinkFor(ctx, s.as("administrator"), "chief")
	s.ok(err)
	chief, err := s.Redeem(ctx, key, Visitor{})
	s.ok(err)
	if p := s.in(chief); p.Needs != NeedsTOTP {
		t.Errorf("%+v", p)
	}
	key, err = s.NewLink(ctx)
	s.ok(err)
	rootSession, err := s.Redeem(ctx, key, Visitor{})
	s.ok(err)
	if p := s.in(rootSession); p.Needs != "" || !p.Grants.All() {
		t.Errorf("%+v", p)
	}
	if p := s.in(signIn()); p.Needs != "" {
		t.Errorf("somebody who does not administer: %+v", p)
	}
}

func TestThroughOthersEyes(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "anna", Permit{Role: "province_manager", Scope: zhejiang})
	s.add(OfMachine(), "chief", Permit{Role: RoleAdministrator, Scope: aggregator.Scope{All: true}})
	session := s.invite("chief")
	s.refused(s.ViewAs(ctx, s.in(s.invite("anna")), "chief"), "forbidden", "administrator")
	s.refused(s.ViewAs(ctx, OfMachine(), "anna"), "forbidden", "signed in on the page")
	s.refused(s.ViewAs(ctx, s.in(session), "nobody"), "not_found", "nobody")
	s.ok(s.ViewAs(ctx, s.in(session), "anna"))
	p := s.in(session)
	if p.Name != "anna" || p.By != "chief" || p.Grants.Anywhere().Sees(43) || p.Powers.Has(Administer) {
		t.Errorf("%+v", p)
	}
	// Whoever looks changes nothing.
	s.refused(s.SetPassword(ctx, p, "", good), "forbidden", "account of their own")
	s.refused(s.AddPerson(ctx, p, "x1", Profile{}, nil), "forbidden", "manage")
	if list, err := s.People(ctx, p); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	s.refused(s.ViewAs(ctx, p, "chief"), "forbidden", "already")
	s.ok(s.ViewAs(ctx, p, ""))
	if p := s.in(session); p.Name != "chief" || p.By != "" {
		t.Errorf("%+v", p)
	}
	s.ok(s.ViewAs(ctx, s.in(session), "anna"))
	s.ok(s.SetPermits(ctx, OfMachine(), "chief", nil))
	if p := s.in(session); p.Name != "chief" || !p.Grants.Empty() {
		t.Errorf("who administers no more looks on: %+v", p)
	}
	trail, err := s.Trail(ctx, OfMachine(), TrailQuery{Person: "anna", What: "view_as", Limit: 10})
	if err != nil || len(trail) != 2 || trail[0].Who != "chief" || trail[0].Whom != "anna" {
		t.Errorf("%+v, %v", trail, err)
	}
}

// Every line that is changed, gone or in another's place is named.
func TestTrailShowsWhatWasDoneToIt(t *testing.T) {
	written := func(t *testing.T) *society {
		s := newSociety(t)
		for n := range 6 {
			s.ok(s.Note(t.Context(), Principal{Name: "anna", Place: "10.0.0.1"}, "exported", "", fmt.Sprintf("n=%d", n)))
		}
		for _, trigger := range []string{"trail_stays", "trail_keeps"} {
			if _, err := s.db.Exec("DROP TRIGGER " + trigger); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	s := written(t)
	head, err := s.Verify(t.Context(), Head{})
	if err != nil || head.No != 6 {
		t.Fatalf("%v, %v", head, err)
	}
	if again, err := ParseHead(head.String()); err != nil || again != head {
		t.Errorf("%v, %v", again, err)
	}
	f := func(want string, statements ...string) {
		t.Helper()
		s := written(t)
		for _, statement := range statements {
			if _, err := s.db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Verify(t.Context(), head)
		s.refused(err, "log_broken", want)
	}
	for _, column := range []string{"who", "by", "what", "whom", "place", "detail"} {
		f("line 3 is not", "UPDATE trail SET "+column+" = 'other' WHERE no = 3")
	}
	f("line 3 is not", "UPDATE trail SET at_ms = at_ms + 1 WHERE no = 3")
	f("line 3 is not", "UPDATE trail SET hash = zeroblob(32) WHERE no = 3")
	f("line 3 is not", "UPDATE trail SET who = who || substr(what, 1, 1), what = substr(what, 2) WHERE no = 3")
	f("line 4 is missing", "DELETE FROM trail WHERE no = 4")
	f("line 1 is missing", "DELETE FROM trail WHERE no = 1")
	f("lines 2 to 3 are missing", "DELETE FROM trail WHERE no IN (2, 3)")
	f("the lines after 5 are missing", "DELETE FROM trail WHERE no = 6")
	f("line 2 is not", "UPDATE trail SET no = 100 WHERE no = 2", "UPDATE trail SET no = 2 WHERE no = 5", "UPDATE trail SET no = 5 WHERE no = 100")
	f("line 4 is not", "DELETE FROM trail WHERE no = 4", "UPDATE trail SET no = no - 1 WHERE no > 4")

	// Made anew from the beginning it is whole in itself, but not the one noted.
	other := newSociety(t)
	for n := range 7 {
		other.ok(other.Note(t.Context(), Principal{Name: "anna"}, "exported", "", fmt.Sprint(n)))
	}
	_, err = other.Verify(t.Context(), head)
	s.refused(err, "log_broken", "line 6 is another")
	if _, err := ParseHead("6"); err == nil {
		t.Error("accepted")
	}
}

// A manager of a province reads what was done to their people, and by them.
func TestTrailOfManagers(t *testing.T) {
	s := newSociety(t)
	s.add(OfMachine(), "wang", Permit{Role: "province_manager", Scope: zhejiang})
	s.add(OfMachine(), "zhao", Permit{Role: "province_manager", Scope: hunan})
	s.add(s.as("wang"), "li", Permit{Role: "content", Scope: zhejiang})
	s.add(s.as("zhao"), "sun", Permit{Role: "content", Scope: hunan})
	s.ok(s.Note(t.Context(), s.as("li"), "exported", "", "csv"))
	s.ok(s.Note(t.Context(), s.as("sun"), "exported", "", "csv"))
	got := func(p Principal) (all []string) {
		trail, err := s.Trail(t.Context(), p, TrailQuery{Limit: 100})
		s.ok(err)
		for _, e := range trail {
			all = append(all, e.Who+" "+e.What+" "+e.Whom)
		}
		return all
	}
	if all := got(s.as("wang")); !slices.Equal(all, []string{"li exported ", "wang granted li", "wang person_added li", "(machine) granted wang", "(machine) person_added wang"}) {
		t.Errorf("%q", all)
	}
	if all := got(s.as("li")); len(all) != 0 {
		t.Errorf("%q", all)
	}
	if all := got(OfMachine()); len(all) != 10 {
		t.Errorf("%q", all)
	}
}

// A person's rules see what the person sees now.
func TestRulesFollowTheirOwner(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "li", Permit{Role: "content", Scope: zhejiang})
	li := s.as("li")
	rule, err := s.AddRule(ctx, li, insight.Rule{Scope: li.Grants.In(aggregator.DataEPG), Indicator: "clicks", Grain: "day", Kind: "below", Level: 1, Hold: 1})
	s.ok(err)
	s.ok(s.Judged(ctx, rule.ID, nil, []insight.Notice{{Rule: rule.ID, Owner: "li", Province: "33", Firing: true, Period: "2026-05-03", AtMs: s.clock.Now().UnixMilli()}}))
	sees := func(want bool) {
		t.Helper()
		rules, err := s.Rules(ctx)
		if err != nil || len(rules) != 1 || rules[0].Scope.Sees(33) != want || rules[0].Scope.Sees(43) {
			t.Errorf("%+v, %v", rules, err)
		}
		if told, err := s.Notices(ctx, s.as("li"), 10); err != nil || (len(told) == 1) != want {
			t.Errorf("%+v, %v", told, err)
		}
	}
	sees(true)
	s.ok(s.SetPermits(ctx, OfMachine(), "li", []Permit{{Data: aggregator.DataOrders, Scope: zhejiang}}))
	sees(false)
	s.ok(s.SetPermits(ctx, OfMachine(), "li", []Permit{{Data: aggregator.DataEPG, Scope: hunan}}))
	sees(false)
}

func TestRolesOfOnesOwn(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	r := Role{Name: "ads", Data: []aggregator.DataSet{aggregator.DataEPG}, Powers: SeeBoards}
	s.ok(s.SetRole(ctx, OfMachine(), r))
	s.add(OfMachine(), "li", Permit{Role: "ads", Scope: zhejiang})
	r.Data = append(r.Data, aggregator.DataVOD)
	s.ok(s.SetRole(ctx, OfMachine(), r))
	if li := s.as("li"); !li.Grants[aggregator.DataVOD].Sees(33) || li.Powers != SeeBoards {
		t.Errorf("%+v", li)
	}
	bad := func(r Role, text string) { t.Helper(); s.refused(s.SetRole(ctx, OfMachine(), r), "bad_role", text) }
	bad(Role{Name: "content", Data: r.Data}, "built in")
	bad(Role{Name: "ads"}, "at least one")
	bad(Role{Name: "ads", Data: r.Data, Powers: Administer}, "Only the built-in")
	s.refused(s.SetRole(ctx, s.as("li"), r), "forbidden", "administrator")
	s.ok(s.RemoveRole(ctx, OfMachine(), "ads"))
	if li := s.as("li"); !li.Grants.Empty() || li.Powers != 0 {
		t.Errorf("%+v", li)
	}
	s.refused(s.RemoveRole(ctx, OfMachine(), "content"), "not_found", "content")
}

// A file of the release before people grows: tokens, links and sessions open what they
// did, and the record of then begins the log.
func TestOlderSchemaGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.sqlite")
	c := newClock()
	s := open(t, path, c)
	statements := []string{"PRAGMA foreign_keys = 0"}
	for _, table := range []string{"source_version", "source", "source_change", "trail", "recovery", "permit", "person", "role", "setting", "people_version", "board_share", "board_revision", "board", "alert_notice", "alert_state", "alert_rule", "token", "link", "session"} {
		statements = append(statements, "DROP TABLE "+table)
	}
	now := fmt.Sprint(c.Now().UnixMilli())
	statements = append(statements, schemas[0], "PRAGMA user_version = 1",
		"INSERT INTO token VALUES (x'"+fmt.Sprintf("%x", hash("t1"))+"', 'old', '33', 0, 1)",
		"INSERT INTO token VALUES (x'"+fmt.Sprintf("%x", hash("t2"))+"', 'boss', '*', 1, 1)",
		"INSERT INTO link VALUES (x'"+fmt.Sprintf("%x", hash("l"))+"', "+now+", NULL)",
		"INSERT INTO session VALUES (x'"+fmt.Sprintf("%x", hash("s"))+"', "+now+", "+now+")",
		"INSERT INTO audit VALUES (1, 5, 'link_created', ''), (2, 6, 'link_used', 'x')")
	for _, statement := range statements {
		if _, err := s.db.Exec(statement); err != nil {
			t.Fatalf("%.60s: %v", statement, err)
		}
	}
	s.ok0(t, s.Close())
	s = open(t, path, c)
	old, err := s.ByToken(t.Context(), "t1")
	if err != nil || !old.Grants.Equal(aggregator.GrantsOf(zhejiang, aggregator.DataSets()...)) || old.Powers.Has(Administer) {
		t.Errorf("%+v, %v", old, err)
	}
	if boss, err := s.ByToken(t.Context(), "t2"); err != nil || !boss.Grants.All() || !boss.Powers.Has(Administer) {
		t.Errorf("%+v, %v", boss, err)
	}
	if p, err := s.BySession(t.Context(), "s"); err != nil || p.Name != "administrator" || !p.Grants.All() || len(p.Session) != 12 {
		t.Errorf("%+v, %v", p, err)
	}
	if session, err := s.Redeem(t.Context(), "l", Visitor{}); err != nil || session == "" {
		t.Error(err)
	}
	head, err := s.Verify(t.Context(), Head{})
	if err != nil || head.No != 3 {
		t.Errorf("%v, %v", head, err)
	}
	if trail, err := s.Trail(t.Context(), OfMachine(), TrailQuery{Limit: 9}); err != nil || len(trail) != 3 || trail[2].What != "link_created" || trail[1].Detail != "x" || trail[1].At.UnixMilli() != 6 {
		t.Errorf("%+v, %v", trail, err)
	}
}

func (s *Settings) ok0(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
