package console

import (
	"net/http"
	"time"

	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
)

// NewLink is a share link of a board to be made.
type NewLink struct {
	Name string `json:"name,omitempty"`
	// Filters are fixed for whoever opens it, as if they had turned them.
	Filters board.Filters `json:"filters"`
	// Provinces narrow it further; none: to nothing more.
	Provinces []string `json:"provinces,omitempty"`
	Password  string   `json:"password,omitempty"`
	Days      int      `json:"days,omitempty"` // that it lives; 0: 7
}

// LinkInfo is a share link of a board.
type LinkInfo struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Board   string         `json:"board"`
	Title   indicator.Text `json:"title"`
	Maker   string         `json:"maker"`
	Path    string         `json:"path"` // below the page's address
	Filters board.Filters  `json:"filters"`
	// Opens is what it opens now: no more than its maker holds.
	Opens    []Opened   `json:"opens"`
	Password bool       `json:"password"`
	Created  time.Time  `json:"created"`
	Expires  time.Time  `json:"expires"`
	Revoked  *time.Time `json:"revoked,omitempty"`
	Used     *time.Time `json:"used,omitempty"`
	Uses     int64      `json:"uses"`
}

// LinkList is share links, the latest first, and what holds for all of them.
type LinkList struct {
	Links []LinkInfo `json:"links"`
	// Forbidden: none opens. Password: none is made without one. MaxDays: that one lives.
	Forbidden bool `json:"forbidden"`
	Password  bool `json:"password"`
	MaxDays   int  `json:"max_days"`
}

func linkInfo(l *settings.LinkInfo) LinkInfo {
	return LinkInfo{ID: l.ID, Name: l.Name, Board: l.Board, Title: l.Title, Maker: l.Maker, Path: "/s/" + l.Text, Filters: l.Filters, Opens: opened(l.Opens), Password: l.Password,
		Created: l.Created, Expires: l.Expires, Revoked: orNil(l.Revoked), Used: orNil(l.Used), Uses: l.Uses}
}

// NewEmbedKey is a key of embedding to be made.
type NewEmbedKey struct {
	Name string `json:"name"`
	// Origins are whose pages may frame what it opens, as https://tv.example.com.
	Origins []string `json:"origins"`
	Boards  []string `json:"boards"`
	Narrowing
}

// EmbedKeyInfo is a key of embedding without its secret.
type EmbedKeyInfo struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Maker   string     `json:"maker"`
	Origins []string   `json:"origins"`
	Boards  []string   `json:"boards"`
	Opens   []Opened   `json:"opens"`
	Created time.Time  `json:"created"`
	Revoked *time.Time `json:"revoked,omitempty"`
	Used    *time.Time `json:"used,omitempty"`
	Uses    int64      `json:"uses"`
}

// MadeEmbedKey is a key with its secret, which can not be had again.
type MadeEmbedKey struct {
	EmbedKeyInfo
	Secret string `json:"secret"`
}

// EmbedKeyList is keys of embedding, the latest first.
type EmbedKeyList struct {
	Keys []EmbedKeyInfo `json:"keys"`
}

func embedKeyInfo(k *settings.EmbedInfo) EmbedKeyInfo {
	return EmbedKeyInfo{ID: k.ID, Name: k.Name, Maker: k.Maker, Origins: orEmpty(k.Origins), Boards: orEmpty(k.Boards), Opens: opened(k.Opens), Created: k.Created, Revoked: orNil(k.Revoked), Used: orNil(k.Used), Uses: k.Uses}
}

func (s *Console) linkRoutes() []route {
	return []route{
		{"GET", "/api/v1/boards/{board}/links", reader, "Share links of a board, the latest first", nil, LinkList{}, "", s.boardLinks, nil},
		{"POST", "/api/v1/boards/{board}/links", reader, "Makes a link that opens a board, with fixed filters, to whoever has it", NewLink{}, LinkInfo{}, "", s.newLink, nil},
		{"GET", "/api/v1/links", reader, "Share links that one has made, the latest first", nil, LinkList{}, "", s.listLinks, allParameters},
		{"DELETE", "/api/v1/links/{link}", reader, "Ends a share link for good", nil, Done{}, "", s.revokeLink, nil},
		{"GET", "/api/v1/embed-keys", reader, "Keys with which others' servers sign what their pages embed", nil, EmbedKeyList{}, "", s.listEmbedKeys, allParameters},
		{"POST", "/api/v1/embed-keys", reader, "Makes such a key", NewEmbedKey{}, MadeEmbedKey{}, "", s.newEmbedKey, nil},
		{"DELETE", "/api/v1/embed-keys/{key}", reader, "Ends a key for good, and what is shown by it", nil, Done{}, "", s.revokeEmbedKey, nil},
	}
}

func (s *Console) linkList(all []settings.LinkInfo) LinkList {
	a := LinkList{Links: []LinkInfo{}, Forbidden: s.Links.Forbidden, Password: s.Links.Password, MaxDays: int(s.Links.Most().Hours() / 24)}
	for n := range all {
		a.Links = append(a.Links, linkInfo(&all[n]))
	}
	return a
}

func (s *Console) boardLinks(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Doors.Links(r.Context(), principal(r), r.PathValue("board"), false)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.linkList(all))
}

func (s *Console) listLinks(w http.ResponseWriter, r *http.Request) error {
	all, err := wantsAll(r)
	if err != nil {
		return err
	}
	list, err := s.Doors.Links(r.Context(), principal(r), "", all)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.linkList(list))
}

func (s *Console) newLink(w http.ResponseWriter, r *http.Request) error {
	var body NewLink
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	part, err := (&Narrowing{Provinces: body.Provinces}).settings()
	if err != nil {
		return err
	}
	life, err := days(body.Days, int(s.Links.Most().Hours()/24))
	if err != nil {
		return err
	}
	l, err := s.Doors.NewLinkTo(r.Context(), principal(r), settings.LinkWish{
		Board: r.PathValue("board"), Name: body.Name, Filters: body.Filters, Provinces: part.Provinces, Password: body.Password, Life: life,
	}, s.Links)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, linkInfo(&l))
}

func (s *Console) revokeLink(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.Doors.RevokeLink(r.Context(), principal(r), r.PathValue("link")))
}

func (s *Console) listEmbedKeys(w http.ResponseWriter, r *http.Request) error {
	all, err := wantsAll(r)
	if err != nil {
		return err
	}
	list, err := s.Doors.EmbedKeys(r.Context(), principal(r), all)
	if err != nil {
		return err
	}
	a := EmbedKeyList{Keys: []EmbedKeyInfo{}}
	for n := range list {
		a.Keys = append(a.Keys, embedKeyInfo(&list[n]))
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Console) newEmbedKey(w http.ResponseWriter, r *http.Request) error {
	var body NewEmbedKey
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	part, err := body.settings()
	if err != nil {
		return err
	}
	secret, k, err := s.Doors.NewEmbedKey(r.Context(), principal(r), settings.EmbedWish{Name: body.Name, Origins: body.Origins, Boards: body.Boards, Narrowing: part})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, MadeEmbedKey{embedKeyInfo(&k), secret})
}

func (s *Console) revokeEmbedKey(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.Doors.RevokeEmbedKey(r.Context(), principal(r), r.PathValue("key")))
}
