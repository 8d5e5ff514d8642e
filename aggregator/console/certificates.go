package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/provision"
)

// Certificates are those of boxes, and the credentials by which they come to one;
// provision.Registry has them.
type Certificates interface {
	// Holders lists boxes within the reader's scope, Claims all credentials.
	Holders(ctx context.Context, q provision.HolderQuery) ([]provision.Holder, error)
	Claims(ctx context.Context) ([]provision.ClaimState, error)
	// RevokeBox lets a box in no more, AllowBox lets it claim once more.
	RevokeBox(ctx context.Context, box, why string) error
	AllowBox(ctx context.Context, box string) error
}

// BoxCertificates lists boxes that have a certificate, or had one.
type BoxCertificates struct {
	Boxes []BoxCertificate `json:"boxes"`
	More  bool             `json:"more"` // there are more than were asked for
}

// BoxCertificate is a box and the certificate that counts.
type BoxCertificate struct {
	Box      string           `json:"box"`
	Serial   string           `json:"serial,omitempty"`
	Province string           `json:"province,omitempty"` // absent: not known
	Claim    string           `json:"claim,omitempty"`    // the credential that it came by
	Claimed  indicator.Moment `json:"claimed"`
	Until    indicator.Moment `json:"until"` // null: it has no certificate
	// Days are whole ones until then, below 0 after it; 0 of a box without one too.
	Days     int              `json:"days"`
	Revoked  indicator.Moment `json:"revoked"` // null: it is not
	Why      string           `json:"why,omitempty"`
	Allowed  indicator.Moment `json:"allowed"`  // it may claim once more since; null: it may not
	Renewing bool             `json:"renewing"` // it has another that it has not come with yet
	Signs    []BoxSuspect     `json:"signs"`    // that there may be two of it
}

// ClaimCredentials lists the credentials of images, the newest first.
type ClaimCredentials struct {
	Credentials []ClaimCredential `json:"credentials"`
}

// ClaimCredential is what lets boxes of a batch ask for their first certificate.
type ClaimCredential struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Province string           `json:"province,omitempty"` // absent: boxes of any
	Used     int              `json:"used"`               // boxes that came of it
	Left     *int             `json:"left"`               // that may still come; null: any number
	Most     int              `json:"most"`               // 0: any number
	Listed   int              `json:"listed"`             // serials that it is bound to; -1: none are named
	Made     indicator.Moment `json:"made"`
	Expires  indicator.Moment `json:"expires"` // for new boxes; null: never
	Revoked  indicator.Moment `json:"revoked"` // null: it is not
}

// BoxRevocation says why a box is let in no more.
type BoxRevocation struct {
	Why string `json:"why"`
}

var certificateParameters = []parameter{
	{name: "search", about: "how a serial or the id of a box begins"},
	{name: "state", about: "good, ending (within 30 days, or ended), revoked, suspect (there may be two of it); without: all"},
	{name: "limit", about: "boxes, 1 to 10000", def: "100"},
}

func (s *Console) certificateRoutes() []route {
	return []route{
		{"GET", "/api/v1/boxes/certificates", reader, "Boxes of the reader's provinces by their certificates, those that claimed last first", nil, BoxCertificates{}, "", s.certificates, certificateParameters},
		{"GET", "/api/v1/boxes/credentials", reader, "Claim credentials of the reader's provinces: used and left", nil, ClaimCredentials{}, "", s.credentials, nil},
		{"POST", "/api/v1/boxes/{box}/revoke", admin, "Lets a box in no more; connections of its end within seconds", BoxRevocation{}, Done{}, "", s.revokeBox, nil},
		{"POST", "/api/v1/boxes/{box}/allow", admin, "Lets a box claim once more, with another key: after a repair, or to have a revoked one back", nil, Done{}, "", s.allowBox, nil},
	}
}

func (s *Console) certificates(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, certificateParameters)
	if err != nil {
		return err
	}
	q := provision.HolderQuery{Scope: scope(r), Search: values["search"], State: provision.HolderState(values["state"]), Limit: defaultBoxes}
	if q.State != provision.HoldersAll && !slices.Contains(provision.HolderStates(), q.State) {
		return badParameter("state", values["state"], "good, ending, revoked, suspect")
	}
	if text, ok := values["limit"]; ok {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > MaxRunning {
			return badParameter("limit", text, fmt.Sprintf("1 to %d", MaxRunning))
		}
	}
	limit := q.Limit
	q.Limit++
	a := BoxCertificates{Boxes: []BoxCertificate{}}
	if s.Certificates != nil {
		ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
		defer cancel()
		all, err := s.Certificates.Holders(ctx, q)
		if err != nil {
			return err
		}
		a.More = len(all) > limit
		for _, h := range all[:min(len(all), limit)] {
			a.Boxes = append(a.Boxes, certificateOf(&h, time.Now()))
		}
	}
	if err := s.noteList(r, "certificates_listed", fmt.Sprintf("boxes=%d search=%q state=%s", len(a.Boxes), clip(q.Search), cmp.Or(string(q.State), "all"))); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a)
}

// moment is a time that may be none.
func moment(t time.Time) indicator.Moment {
	if t.IsZero() {
		return 0
	}
	return indicator.Moment(t.UnixMilli())
}

func certificateOf(h *provision.Holder, now time.Time) BoxCertificate {
	c := BoxCertificate{Box: h.Box, Serial: h.Serial, Claim: h.Claim, Claimed: moment(h.Claimed), Until: moment(h.Until), Revoked: moment(h.Revoked), Why: h.Why,
		Allowed: moment(h.Allowed), Renewing: h.Renewing, Signs: []BoxSuspect{}}
	if h.Province != 0 {
		c.Province = aggregator.Province(h.Province).String()
	}
	if !h.Until.IsZero() {
		const day = 24 * time.Hour
		left := h.Until.Sub(now)
		if c.Days = int(left / day); left < 0 {
			c.Days--
		}
	}
	for _, f := range h.Signs {
		c.Signs = append(c.Signs, BoxSuspect{Box: f.Box, Sign: f.Kind, Detail: f.Detail, Times: f.N, First: moment(f.First), Last: moment(f.Last)})
	}
	return c
}

// credentials shows those that are bound to a province to its readers, those for any to
// readers of all: how many boxes came of one tells of all its provinces.
func (s *Console) credentials(w http.ResponseWriter, r *http.Request) error {
	a, where := ClaimCredentials{[]ClaimCredential{}}, scope(r)
	if s.Certificates == nil {
		return writeJSON(w, http.StatusOK, a)
	}
	all, err := s.Certificates.Claims(r.Context())
	if err != nil {
		return err
	}
	for _, k := range all {
		p := aggregator.Province(k.Province)
		if !where.All && (p == 0 || !where.Sees(p)) {
			continue
		}
		c := ClaimCredential{ID: k.ID, Name: k.Name, Used: k.Boxes, Most: k.Most, Listed: k.Listed, Made: moment(k.Made), Expires: moment(k.Expires), Revoked: moment(k.Revoked)}
		if p != 0 {
			c.Province = p.String()
		}
		most := k.Most
		if k.Listed >= 0 && (most == 0 || k.Listed < most) {
			most = k.Listed
		}
		if most > 0 {
			left := max(most-k.Boxes, 0)
			c.Left = &left
		}
		a.Credentials = append(a.Credentials, c)
	}
	return writeJSON(w, http.StatusOK, a)
}

var errNoCertificates = &aggregator.Error{Code: "no_certificates", Message: "Certificates of boxes are off here; set mqtt.certificates."}

func (s *Console) revokeBox(w http.ResponseWriter, r *http.Request) error {
	var body BoxRevocation
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if body.Why = strings.TrimSpace(body.Why); body.Why == "" || len(body.Why) > 200 {
		return &aggregator.Error{Code: "bad_request", Message: "Say why, in at most 200 bytes (why): others will ask."}
	}
	if s.Certificates == nil {
		return errNoCertificates
	}
	box := r.PathValue("box")
	if err := s.Certificates.RevokeBox(r.Context(), box, body.Why); err != nil {
		return err
	}
	return s.noted(w, r, "box_revoked", fmt.Sprintf("box=%s reason=%s", box, body.Why))
}

func (s *Console) allowBox(w http.ResponseWriter, r *http.Request) error {
	if s.Certificates == nil {
		return errNoCertificates
	}
	box := r.PathValue("box")
	if err := s.Certificates.AllowBox(r.Context(), box); err != nil {
		return err
	}
	return s.noted(w, r, "box_allowed", "box="+box)
}

// noted says that something is done, once it is in the audit log.
func (s *Console) noted(w http.ResponseWriter, r *http.Request, what, detail string) error {
	if err := s.noteList(r, what, detail); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, Done{true})
}
