package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/report"
)

// Mail checks places and brings messages there; a post.Post is one.
type Mail interface {
	Check(w *post.Way) error
	Send(ctx context.Context, w post.Way, m *post.Message) error
}

// PlaceBody is where somebody wants reports and alerts. Kind is mail, wecom, dingtalk,
// feishu or json; the address is one of mail or a webhook's.
type PlaceBody struct {
	Label   string `json:"label,omitempty"`
	Kind    string `json:"kind"`
	Address string `json:"address"`
	// Secret signs what goes to DingTalk, Feishu and as JSON.
	Secret  string `json:"secret,omitempty"`
	Reports bool   `json:"reports"`
	Alerts  bool   `json:"alerts"`
}

// PlaceInfo is a place without what opens it.
type PlaceInfo struct {
	ID      int64            `json:"id"`
	Label   string           `json:"label"`
	Kind    string           `json:"kind"`
	Place   string           `json:"place"`
	Signed  bool             `json:"signed"`
	Reports bool             `json:"reports"`
	Alerts  bool             `json:"alerts"`
	Made    indicator.Moment `json:"made"`
}

// PlaceList is where somebody has things sent.
type PlaceList struct {
	Places []PlaceInfo `json:"places"`
}

// PlaceTest is what became of a test message; Code and Detail say why it was not sent.
type PlaceTest struct {
	Sent   bool   `json:"sent"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func placeInfo(p *report.Place) PlaceInfo {
	return PlaceInfo{p.ID, p.Label, string(p.Way.Kind), p.Way.Masked(), p.Way.Secret != "", p.Reports, p.Alerts, indicator.Moment(p.MadeMs)}
}

func (s *Console) placeRoutes() []route {
	return []route{
		{"GET", "/api/v1/me/places", reader, "Where the reader has reports and alerts sent", nil, PlaceList{}, "", s.listPlaces, nil},
		{"POST", "/api/v1/me/places", reader, "Adds a place: an address of mail or a webhook", PlaceBody{}, PlaceInfo{}, "", s.addPlace, nil},
		{"POST", "/api/v1/me/places/{place}/test", reader, "Sends a test message to a place", nil, PlaceTest{}, "", s.testPlace, nil},
		{"DELETE", "/api/v1/me/places/{place}", reader, "Takes a place away", nil, Done{}, "", s.removePlace, nil},
	}
}

func (s *Console) listPlaces(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Reports.Places(r.Context(), principal(r))
	if err != nil {
		return err
	}
	out := PlaceList{Places: []PlaceInfo{}}
	for n := range all {
		out.Places = append(out.Places, placeInfo(&all[n]))
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *Console) addPlace(w http.ResponseWriter, r *http.Request) error {
	var body PlaceBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	p := report.Place{Label: strings.TrimSpace(body.Label), Way: post.Way{Kind: post.Kind(body.Kind), Address: strings.TrimSpace(body.Address), Secret: body.Secret}, Reports: body.Reports, Alerts: body.Alerts}
	if len(p.Label) > 100 || !utf8.ValidString(p.Label) || strings.ContainsFunc(p.Label, func(r rune) bool { return r < ' ' }) {
		return &aggregator.Error{Code: "bad_way", Message: "label: at most 100 bytes of text in one line."}
	}
	if err := s.Mail.Check(&p.Way); err != nil {
		return err
	}
	made, err := s.Reports.AddPlace(r.Context(), principal(r), p)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, placeInfo(&made))
}

func (s *Console) removePlace(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "place")
	if err != nil {
		return err
	}
	return done(w, s.Reports.RemovePlace(r.Context(), principal(r), id))
}

var (
	testSubject = indicator.Text{ZH: "测试消息", EN: "Test message"}
	testText    = indicator.Text{ZH: "报表和告警会发送到这里。", EN: "Reports and alerts will come here."}
)

func (s *Console) testPlace(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "place")
	if err != nil {
		return err
	}
	p := principal(r)
	place, err := s.Reports.Place(r.Context(), p, id)
	if err != nil {
		return err
	}
	if err := s.slowSending(w, p); err != nil {
		return err
	}
	l := languageOf("", p)
	var out PlaceTest
	var fault *post.Error
	switch err := s.Mail.Send(r.Context(), place.Way, &post.Message{ID: "test-" + r.PathValue("place"), Subject: l.Of(testSubject), Text: l.Of(testText) + "\n"}); {
	case err == nil:
		out.Sent = true
	case errors.As(err, &fault):
		out.Code, out.Detail = fault.Code, fault.Detail
	default:
		return err
	}
	s.repeats(w, r)(&out.Detail)
	return writeJSON(w, http.StatusOK, out)
}
