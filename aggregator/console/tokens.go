package console

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// Doors keeps the ways in beside the page's own; settings.Settings does. Whoever asks is
// in every call: what they may not is refused there.
type Doors interface {
	NewOwnToken(ctx context.Context, p settings.Principal, w settings.TokenWish) (secret string, info settings.TokenInfo, err error)
	Tokens(ctx context.Context, p settings.Principal, all bool) ([]settings.TokenInfo, error)
	RevokeToken(ctx context.Context, p settings.Principal, id string) error

	NewLinkTo(ctx context.Context, p settings.Principal, w settings.LinkWish, policy settings.LinkPolicy) (settings.LinkInfo, error)
	Links(ctx context.Context, p settings.Principal, board string, all bool) ([]settings.LinkInfo, error)
	RevokeLink(ctx context.Context, p settings.Principal, id string) error
	OpenLink(ctx context.Context, text, password string, policy settings.LinkPolicy, from settings.Visitor) (ticket string, d settings.Shared, err error)

	NewEmbedKey(ctx context.Context, p settings.Principal, w settings.EmbedWish) (secret string, info settings.EmbedInfo, err error)
	EmbedKeys(ctx context.Context, p settings.Principal, all bool) ([]settings.EmbedInfo, error)
	RevokeEmbedKey(ctx context.Context, p settings.Principal, id string) error
	EmbedOrigins(ctx context.Context, token string) ([]string, error)
	OpenEmbed(ctx context.Context, token string, from settings.Visitor) (ticket string, d settings.Shared, err error)

	ByTicket(ctx context.Context, ticket string, policy settings.LinkPolicy) (settings.Shared, error)
}

// Narrowing says which part of what somebody holds is meant; nothing: all of it.
type Narrowing struct {
	Provinces []string             `json:"provinces,omitempty"`
	Data      []aggregator.DataSet `json:"data,omitempty"`
}

func (n *Narrowing) settings() (settings.Narrowing, error) {
	out := settings.Narrowing{}
	for _, d := range n.Data {
		if _, err := aggregator.ParseDataSet(string(d)); err != nil {
			return out, err
		}
	}
	out.Data = n.Data
	for _, code := range n.Provinces {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return out, err
		}
		out.Provinces = append(out.Provinces, p)
	}
	return out, nil
}

// NewToken is a token to be made of one's own.
type NewToken struct {
	Name string `json:"name"`
	Narrowing
	Days int `json:"days,omitempty"` // that it lives; 0: 90
}

// TokenInfo is a token without its secret.
type TokenInfo struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Owner string `json:"owner"` // "": made on the machine
	// Opens is what it opens now: no more than its owner holds.
	Opens   []Opened   `json:"opens"`
	Admin   bool       `json:"admin"`
	Mine    bool       `json:"mine"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Used    *time.Time `json:"used,omitempty"` // to a minute
}

// MadeToken is a token with its secret, which can not be had again.
type MadeToken struct {
	TokenInfo
	Secret string `json:"secret"`
}

// TokenList is tokens, the latest first.
type TokenList struct {
	Tokens []TokenInfo `json:"tokens"`
}

func tokenInfo(t *settings.TokenInfo) TokenInfo {
	return TokenInfo{ID: t.ID, Name: t.Name, Owner: t.Owner, Opens: opened(t.Opens), Admin: t.Admin, Mine: t.Mine, Created: t.Created, Expires: orNil(t.Expires), Used: orNil(t.Used)}
}

// orNil is nil of a moment that is not.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

var allParameters = []parameter{{name: "all", about: "true: everybody's, for administrators"}}

// wantsAll reads allParameters.
func wantsAll(r *http.Request) (bool, error) {
	values, err := parameters(r, allParameters)
	if err != nil {
		return false, err
	}
	switch all := values["all"]; all {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, badParameter("all", all, "true or false")
	}
}

// days is a time in days, or a fault.
func days(n, most int) (time.Duration, error) {
	if n < 0 || n > most {
		return 0, &aggregator.Error{Code: "bad_expiry", Message: "days: " + strconv.Itoa(n) + ", allowed 1 to " + strconv.Itoa(most) + "."}
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

func (s *Console) tokenRoutes() []route {
	return []route{
		{"GET", "/api/v1/tokens", reader, "One's own API tokens", nil, TokenList{}, "", s.listTokens, allParameters},
		{"POST", "/api/v1/tokens", reader, "Makes an API token that reads what one holds oneself, or a part of it", NewToken{}, MadeToken{}, "", s.newToken, nil},
		{"DELETE", "/api/v1/tokens/{token}", reader, "Ends a token for good", nil, Done{}, "", s.revokeToken, nil},
	}
}

func (s *Console) listTokens(w http.ResponseWriter, r *http.Request) error {
	all, err := wantsAll(r)
	if err != nil {
		return err
	}
	list, err := s.Doors.Tokens(r.Context(), principal(r), all)
	if err != nil {
		return err
	}
	a := TokenList{Tokens: []TokenInfo{}}
	for n := range list {
		a.Tokens = append(a.Tokens, tokenInfo(&list[n]))
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Console) newToken(w http.ResponseWriter, r *http.Request) error {
	var body NewToken
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	part, err := body.settings()
	if err != nil {
		return err
	}
	life, err := days(body.Days, int(settings.MaxTokenLife.Hours()/24))
	if err != nil {
		return err
	}
	secret, info, err := s.Doors.NewOwnToken(r.Context(), principal(r), settings.TokenWish{Name: body.Name, Narrowing: part, Life: life})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, MadeToken{tokenInfo(&info), secret})
}

func (s *Console) revokeToken(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.Doors.RevokeToken(r.Context(), principal(r), r.PathValue("token")))
}
