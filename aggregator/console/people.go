package console

import (
	"context"
	"net/http"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
)

// People keeps who may sign in and what they hold; settings.Settings does. Whoever asks
// is in every call: what they may not is refused there.
type People interface {
	SignIn(ctx context.Context, name, password string, from settings.Visitor) (session string, err error)
	Confirm(ctx context.Context, session, code string, from settings.Visitor) (next string, err error)

	SetOwn(ctx context.Context, p settings.Principal, display, language string) error
	SetPassword(ctx context.Context, p settings.Principal, old, new string) error
	Sessions(ctx context.Context, p settings.Principal) ([]settings.SessionInfo, error)
	EndOne(ctx context.Context, p settings.Principal, id string) error
	NewTOTP(ctx context.Context, p settings.Principal) (secret, uri string, err error)
	ConfirmTOTP(ctx context.Context, p settings.Principal, code string) (recovery []string, err error)
	EndTOTP(ctx context.Context, p settings.Principal, code string) error
	Account(ctx context.Context, p settings.Principal) (settings.Person, error)

	People(ctx context.Context, p settings.Principal) ([]settings.Seen, error)
	OnePerson(ctx context.Context, p settings.Principal, name string) (settings.Seen, error)
	AddPerson(ctx context.Context, p settings.Principal, name string, profile settings.Profile, give []settings.Permit) error
	SetProfile(ctx context.Context, p settings.Principal, name string, profile settings.Profile) error
	SetPermits(ctx context.Context, p settings.Principal, name string, want []settings.Permit) error
	LinkFor(ctx context.Context, p settings.Principal, name string) (key string, err error)
	Disable(ctx context.Context, p settings.Principal, name string, disabled bool) error
	ResetTOTP(ctx context.Context, p settings.Principal, name string) error
	ViewAs(ctx context.Context, p settings.Principal, name string) error

	Roles(ctx context.Context) ([]settings.Role, error)
	SetRole(ctx context.Context, p settings.Principal, r settings.Role) error
	RemoveRole(ctx context.Context, p settings.Principal, name string) error
	Trail(ctx context.Context, p settings.Principal, q settings.TrailQuery) ([]settings.Entry, error)
	Options(ctx context.Context) (settings.Options, error)
	SetOptions(ctx context.Context, p settings.Principal, o settings.Options) error
}

// ScopeInfo is provinces: all, also ones that report later, or those listed.
type ScopeInfo struct {
	All       bool     `json:"all"`
	Provinces []string `json:"provinces"`
}

func scopeInfo(s aggregator.Scope) ScopeInfo {
	info := ScopeInfo{All: s.All, Provinces: []string{}}
	for _, p := range s.Provinces {
		info.Provinces = append(info.Provinces, p.String())
	}
	return info
}

func (i *ScopeInfo) scope() (aggregator.Scope, error) {
	s := aggregator.Scope{All: i.All}
	if i.All && len(i.Provinces) > 0 {
		return s, &aggregator.Error{Code: "bad_grant", Message: "provinces: either all, or a list."}
	}
	for _, code := range i.Provinces {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return s, err
		}
		s.Provinces = append(s.Provinces, p)
	}
	return s, nil
}

// Opened is where a data set is open.
type Opened struct {
	Data aggregator.DataSet `json:"data"`
	ScopeInfo
}

func opened(g aggregator.Grants) []Opened {
	all := []Opened{}
	for _, d := range g.Sets() {
		if s := g[d]; !s.Empty() {
			all = append(all, Opened{d, scopeInfo(s)})
		}
	}
	return all
}

// Grant is a role or a data set given in provinces.
type Grant struct {
	Role string             `json:"role,omitempty"`
	Data aggregator.DataSet `json:"data,omitempty"`
	ScopeInfo
}

// GivenGrant is one that was given, by whom, and whether it opens anything now.
type GivenGrant struct {
	Grant
	By    string `json:"by"`
	Holds bool   `json:"holds"`
	// Mapped: it follows from what the sign-on provider says, and is taken there alone.
	Mapped bool `json:"mapped,omitempty"`
}

func permits(grants []Grant) ([]settings.Permit, error) {
	all := []settings.Permit{}
	for _, g := range grants {
		s, err := g.scope()
		if err != nil {
			return nil, err
		}
		all = append(all, settings.Permit{Role: g.Role, Data: g.Data, Scope: s})
	}
	return all, nil
}

// PersonInfo is somebody who may sign in, as who manages people sees them.
type PersonInfo struct {
	Name       string          `json:"name"`
	Display    string          `json:"display"`
	Language   string          `json:"language"`
	Department string          `json:"department"`
	Disabled   bool            `json:"disabled"`
	Password   bool            `json:"password"` // one was set
	TOTP       bool            `json:"totp"`     // a second factor is asked for
	SignOn     bool            `json:"sign_on"`  // they are bound to somebody at the sign-on provider
	Made       time.Time       `json:"made"`
	Grants     []GivenGrant    `json:"grants"` // as they were given
	Holds      []Opened        `json:"holds"`  // what they open now
	Powers     settings.Powers `json:"powers"`
	// Managed: the account is the reader's to change. Else all they can do is take back
	// what they gave.
	Managed bool `json:"managed"`
}

func personInfo(one *settings.Seen) PersonInfo {
	info := PersonInfo{Name: one.Name, Display: one.Display, Language: one.Language, Department: one.Department, Disabled: one.Disabled, Password: one.Password, TOTP: one.TOTP, SignOn: one.SignOn,
		Made: one.Made, Grants: []GivenGrant{}, Holds: opened(one.Holds), Powers: one.Powers, Managed: one.Managed}
	for n, g := range one.Permits {
		info.Grants = append(info.Grants, GivenGrant{Grant{g.Role, g.Data, scopeInfo(g.Scope)}, one.Givers[n], one.Worth[n], g.Mapped})
	}
	return info
}

// PeopleList is whom a reader manages.
type PeopleList struct {
	People []PersonInfo `json:"people"`
	// MayGive is what the reader may pass on, Powers which powers.
	MayGive []Opened        `json:"may_give"`
	Powers  settings.Powers `json:"powers"`
}

// NewPerson is somebody to be made. They sign in by a link first.
type NewPerson struct {
	Name       string  `json:"name"`
	Display    string  `json:"display,omitempty"`
	Language   string  `json:"language,omitempty"` // zh, en; none: what the browser asks for
	Department string  `json:"department,omitempty"`
	Grants     []Grant `json:"grants,omitempty"`
}

// PersonProfile is what somebody is called and where they belong.
type PersonProfile struct {
	Display    string `json:"display"`
	Language   string `json:"language"`
	Department string `json:"department"`
}

// PersonGrants is what somebody is to hold, instead of before.
type PersonGrants struct {
	Grants []Grant `json:"grants"`
}

// SignInLink is a one-time link. It can not be had again.
type SignInLink struct {
	Path    string    `json:"path"` // below the page's address
	Expires time.Time `json:"expires"`
}

// RoleList is every role.
type RoleList struct {
	Roles []settings.Role `json:"roles"`
}

// RoleBody is a role to be made or changed.
type RoleBody struct {
	Title  indicator.Text       `json:"title"`
	Data   []aggregator.DataSet `json:"data"`
	Powers []string             `json:"powers"`
}

// Done is the answer where there is nothing more to say.
type Done struct {
	Done bool `json:"done"`
}

// ViewAsWhom names through whose eyes to look.
type ViewAsWhom struct {
	Name string `json:"name"`
}

func (s *Console) peopleRoutes() []route {
	return []route{
		{"GET", "/api/v1/people", reader, "Whom the reader manages, and what they may give", nil, PeopleList{}, "", s.listPeople, nil},
		{"POST", "/api/v1/people", reader, "Makes a person, with what they are to hold", NewPerson{}, PersonInfo{}, "", s.addPerson, nil},
		{"GET", "/api/v1/people/{person}", reader, "One person", nil, PersonInfo{}, "", s.onePerson, nil},
		{"PUT", "/api/v1/people/{person}", reader, "Changes what a person is called and where they belong", PersonProfile{}, PersonInfo{}, "", s.setProfile, nil},
		{"PUT", "/api/v1/people/{person}/grants", reader, "Says what a person holds, instead of before; nobody gives what is not theirs to pass on", PersonGrants{}, PersonInfo{}, "", s.setGrants, nil},
		{"POST", "/api/v1/people/{person}/link", reader, "Makes a one-time link that signs a person in", nil, SignInLink{}, "", s.linkFor, nil},
		{"POST", "/api/v1/people/{person}/disable", reader, "Lets a person sign in no more, and ends their sessions", nil, PersonInfo{}, "", s.disable(true), nil},
		{"POST", "/api/v1/people/{person}/enable", reader, "Lets a person sign in again", nil, PersonInfo{}, "", s.disable(false), nil},
		{"POST", "/api/v1/people/{person}/reset-totp", reader, "Takes a person's second factor away", nil, PersonInfo{}, "", s.resetTOTP, nil},
		{"GET", "/api/v1/roles", reader, "Every role, with its data sets and powers", nil, RoleList{}, "", s.listRoles, nil},
		{"PUT", "/api/v1/roles/{role}", admin, "Makes a role, or changes one that is not built in", RoleBody{}, Done{}, "", s.setRole, nil},
		{"DELETE", "/api/v1/roles/{role}", admin, "Removes a role that is not built in, from everybody", nil, Done{}, "", s.removeRole, nil},
		{"GET", "/api/v1/trail", reader, "The audit log, the newest first; of who manages a province, what concerns their people", nil, TrailAnswer{}, "", s.trail, trailParameters},
		{"GET", "/api/v1/options", admin, "Watermarks, and whether administrators need a second factor", nil, settings.Options{}, "", s.options, nil},
		{"PUT", "/api/v1/options", admin, "Changes them", settings.Options{}, settings.Options{}, "", s.setOptions, nil},
		{"POST", "/api/v1/view-as", admin, "Lets an administrator see everything as a person does, and change nothing", ViewAsWhom{}, Me{}, "", s.viewAs, nil},
		{"POST", "/api/v1/view-as/end", reader, "Ends looking through somebody else's eyes", nil, Me{}, "", s.endViewAs, nil},
		{"POST", "/api/v1/exports", reader, "Notes that something is taken out of the page as a file, and says which mark it is to carry", Exported{}, ExportMark{}, "", s.exported, nil},
	}
}

// dataSetInfos names the data sets.
func dataSetInfos() []DataSetInfo {
	words := map[aggregator.DataSet][2]indicator.Text{
		aggregator.DataActivity: {{ZH: "开机活跃", EN: "Activity"}, {ZH: "开机、时长、待机", EN: "Power-ons, time on, rest"}},
		aggregator.DataUsers:    {{ZH: "用户", EN: "Users"}, {ZH: "账户、变动、活跃与沉默，均为计数", EN: "Accounts, flows, presence, as counts"}},
		aggregator.DataEPG:      {{ZH: "EPG 页面", EN: "EPG"}, {ZH: "页面、推荐位、点击、路径", EN: "Pages, slots, clicks, ways"}},
		aggregator.DataRatings:  {{ZH: "收视", EN: "Viewing"}, {ZH: "按频道、节目、方式的收视", EN: "Viewing by channel, programme and mode"}},
		aggregator.DataVOD:      {{ZH: "点播内容", EN: "On demand"}, {ZH: "完播、追剧、回看", EN: "Completion, binges, returns"}},
		aggregator.DataOrders:   {{ZH: "订购收入", EN: "Orders"}, {ZH: "订购、收入、合作方分成", EN: "Orders, revenue, partners' parts"}},
		aggregator.DataQuality:  {{ZH: "数据与播放质量", EN: "Quality"}, {ZH: "丢失、时钟、省份文件、播放质量", EN: "Losses, clocks, provinces' files, how plays went"}},
		aggregator.DataAccounts: {{ZH: "账户清单", EN: "Lists of accounts"}, {ZH: "列出单个账户或机顶盒", EN: "Name single accounts or boxes"}},
		aggregator.DataSources:  {{ZH: "自有数据源", EN: "Own data sources"}, {ZH: "全部数据源，包括以后新增的", EN: "All of them, also those that come later"}},
	}
	var all []DataSetInfo
	for _, d := range aggregator.DataSets() {
		all = append(all, DataSetInfo{d, words[d][0], words[d][1]})
	}
	return all
}

func (s *Console) listPeople(w http.ResponseWriter, r *http.Request) error {
	p := principal(r)
	all, err := s.People.People(r.Context(), p)
	if err != nil {
		return err
	}
	a := PeopleList{People: []PersonInfo{}, MayGive: opened(p.Pass), Powers: p.PassPowers}
	for n := range all {
		a.People = append(a.People, personInfo(&all[n]))
	}
	return writeJSON(w, http.StatusOK, a)
}

// answerPerson answers with a person as they are after a change.
func (s *Console) answerPerson(w http.ResponseWriter, r *http.Request, name string, err error) error {
	if err != nil {
		return err
	}
	one, err := s.People.OnePerson(r.Context(), principal(r), name)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, personInfo(&one))
}

func (s *Console) addPerson(w http.ResponseWriter, r *http.Request) error {
	var body NewPerson
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	give, err := permits(body.Grants)
	if err != nil {
		return err
	}
	profile := settings.Profile{Display: body.Display, Language: body.Language, Department: body.Department}
	return s.answerPerson(w, r, body.Name, s.People.AddPerson(r.Context(), principal(r), body.Name, profile, give))
}

func (s *Console) onePerson(w http.ResponseWriter, r *http.Request) error {
	return s.answerPerson(w, r, r.PathValue("person"), nil)
}

func (s *Console) setProfile(w http.ResponseWriter, r *http.Request) error {
	var body PersonProfile
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	name := r.PathValue("person")
	return s.answerPerson(w, r, name, s.People.SetProfile(r.Context(), principal(r), name, settings.Profile(body)))
}

func (s *Console) setGrants(w http.ResponseWriter, r *http.Request) error {
	var body PersonGrants
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	want, err := permits(body.Grants)
	if err != nil {
		return err
	}
	name := r.PathValue("person")
	if err := s.People.SetPermits(r.Context(), principal(r), name, want); err != nil {
		return err
	}
	// Of whom nothing is left, they may be nobody's but an administrator's now.
	one, err := s.People.OnePerson(r.Context(), principal(r), name)
	if err != nil {
		return writeJSON(w, http.StatusOK, PersonInfo{Name: name, Grants: []GivenGrant{}, Holds: []Opened{}})
	}
	return writeJSON(w, http.StatusOK, personInfo(&one))
}

func (s *Console) linkFor(w http.ResponseWriter, r *http.Request) error {
	key, err := s.People.LinkFor(r.Context(), principal(r), r.PathValue("person"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, SignInLink{"/login?key=" + key, time.Now().Add(settings.LinkLife).UTC().Truncate(time.Second)})
}

func (s *Console) disable(off bool) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		name := r.PathValue("person")
		return s.answerPerson(w, r, name, s.People.Disable(r.Context(), principal(r), name, off))
	}
}

func (s *Console) resetTOTP(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("person")
	return s.answerPerson(w, r, name, s.People.ResetTOTP(r.Context(), principal(r), name))
}

func (s *Console) listRoles(w http.ResponseWriter, r *http.Request) error {
	all, err := s.People.Roles(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, RoleList{all})
}

func (s *Console) setRole(w http.ResponseWriter, r *http.Request) error {
	var body RoleBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	powers, err := settings.ParsePowers(body.Powers)
	if err != nil {
		return err
	}
	role := settings.Role{Name: r.PathValue("role"), Title: body.Title, Data: body.Data, Powers: powers}
	return done(w, s.People.SetRole(r.Context(), principal(r), role))
}

func (s *Console) removeRole(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.People.RemoveRole(r.Context(), principal(r), r.PathValue("role")))
}

func done(w http.ResponseWriter, err error) error {
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, Done{true})
}

func (s *Console) options(w http.ResponseWriter, r *http.Request) error {
	o, err := s.People.Options(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, o)
}

func (s *Console) setOptions(w http.ResponseWriter, r *http.Request) error {
	var body settings.Options
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if err := s.People.SetOptions(r.Context(), principal(r), body); err != nil {
		return err
	}
	return s.options(w, r)
}

func (s *Console) viewAs(w http.ResponseWriter, r *http.Request) error {
	var body ViewAsWhom
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if body.Name == "" {
		return &aggregator.Error{Code: "bad_name", Message: "name: give the name of a person."}
	}
	if err := s.People.ViewAs(r.Context(), principal(r), body.Name); err != nil {
		return err
	}
	return s.meAnew(w, r)
}

func (s *Console) endViewAs(w http.ResponseWriter, r *http.Request) error {
	if err := s.People.ViewAs(r.Context(), principal(r), ""); err != nil {
		return err
	}
	return s.meAnew(w, r)
}
