package console

import (
	"context"
	"fmt"
	"net/http"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// Status is the state of the platform, of the provinces a reader may see.
// Backlog and dirty cells are the whole platform's; loaded events of a reader
// of some provinces are at least this many.
type Status struct {
	Version     string           `json:"version"`
	AsOf        indicator.Moment `json:"as_of"`
	Backlog     uint64           `json:"backlog_events"`
	Dirty       int              `json:"dirty_cells"`
	Boxes       uint64           `json:"boxes"`
	Streams     uint64           `json:"streams"`
	Received    uint64           `json:"received_events"`
	Loaded      uint64           `json:"loaded_events"`
	Lost        uint64           `json:"lost_events"`
	Quarantined uint64           `json:"quarantined_events"`
	// Open: the counts are those of Provinces. Else quality is not open to the reader
	// anywhere, and all counts are 0 because they are not shown.
	Open      bool             `json:"open"`
	Provinces []ProvinceStatus `json:"provinces"`
}

// ProvinceStatus is the account of one province.
type ProvinceStatus struct {
	Code        string `json:"code"`
	Boxes       uint64 `json:"boxes"`
	Received    uint64 `json:"received"`
	Lost        uint64 `json:"lost"`
	Quarantined uint64 `json:"quarantined"`
}

// Accounts returns Books' accounts, a moment old at most; the caller must not
// change them.
func (s *Console) Accounts(ctx context.Context) ([]Account, error) { return s.accounts.get(ctx) }

func (s *Console) status(w http.ResponseWriter, r *http.Request) error {
	ctx, scope := r.Context(), principal(r).Grants.In(aggregator.DataQuality)
	// The backlog first: what is loaded meanwhile then counts too late, never
	// too early.
	backlog, dirty, err := s.Books.Backlog(ctx)
	if err != nil {
		return err
	}
	accounts, err := s.accounts.get(ctx)
	if err != nil {
		return err
	}
	asOf, _, err := s.Figures.AsOf(ctx)
	if err != nil {
		return err
	}
	if scope.Empty() { // version and time are everybody's
		backlog, dirty = 0, 0
	}
	t := total(accounts, scope)
	st := Status{
		Version: s.Version, AsOf: indicator.Moment(asOf), Backlog: backlog, Dirty: dirty,
		Boxes: t.Boxes, Streams: t.Streams, Received: t.Received, Lost: t.Lost, Quarantined: t.Quarantined,
		Loaded: t.Received - min(t.Received, backlog), Open: !scope.Empty(), Provinces: []ProvinceStatus{},
	}
	for _, a := range accounts {
		if scope.Sees(a.Province) {
			st.Provinces = append(st.Provinces, ProvinceStatus{a.Province.String(), a.Boxes, a.Received, a.Lost, a.Quarantined})
		}
	}
	return writeJSON(w, http.StatusOK, st)
}

// QuarantineLimit is how many batches are listed.
const QuarantineLimit = 100

// Quarantine lists batches that were kept raw.
type Quarantine struct {
	Batches []PoisonInfo `json:"batches"`
}

// PoisonInfo is one of them. The box is named to readers of accounts only.
type PoisonInfo struct {
	At       indicator.Moment `json:"at"`
	Province string           `json:"province"`
	Box      string           `json:"box,omitempty"`
	Epoch    uint64           `json:"epoch,string"` // beyond what every JSON reader can hold
	No       uint64           `json:"no"`
	Events   uint32           `json:"events"`
	Reason   string           `json:"reason"`
}

func (s *Console) quarantine(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Books.Quarantine(r.Context(), QuarantineLimit)
	if err != nil {
		return err
	}
	where, named := scope(r), principal(r).Grants[aggregator.DataAccounts]
	answer := Quarantine{Batches: []PoisonInfo{}}
	for _, b := range all {
		if !where.Sees(b.Province) {
			continue
		}
		info := PoisonInfo{At: indicator.Moment(b.At.UnixMilli()), Province: b.Province.String(), Epoch: b.Epoch, No: b.No, Events: b.Events, Reason: b.Why}
		if named.Sees(b.Province) {
			info.Box = b.Box
		}
		answer.Batches = append(answer.Batches, info)
	}
	return writeJSON(w, http.StatusOK, answer)
}

// MaxAuditBoxes is the greatest number of boxes in one audit.
const MaxAuditBoxes = 2_000

// AuditRequest names boxes by their ids.
type AuditRequest struct {
	Boxes []string `json:"boxes"`
}

// AuditAnswer has a row a box and kind.
type AuditAnswer struct {
	Rows []AuditRow `json:"rows"`
}

// AuditEvents lists the events of one box.
type AuditEvents struct {
	Events []AuditEvent `json:"events"`
}

func (s *Console) audit(w http.ResponseWriter, r *http.Request) error {
	var q AuditRequest
	if err := decode(w, r, MaxAuditBody, &q); err != nil {
		return err
	}
	if len(q.Boxes) == 0 || len(q.Boxes) > MaxAuditBoxes {
		return &aggregator.Error{Code: "bad_boxes", Message: "boxes: one request names 1 to 2000 boxes."}
	}
	for _, box := range q.Boxes {
		if err := checkBox("boxes", box); err != nil {
			return err
		}
	}
	rows, err := s.Auditor.Audit(r.Context(), q.Boxes)
	if err != nil {
		return err
	}
	if err := s.noteList(r, "boxes_audited", fmt.Sprintf("boxes=%d", len(q.Boxes))); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, AuditAnswer{Rows: orEmpty(rows)})
}

func (s *Console) auditEvents(w http.ResponseWriter, r *http.Request) error {
	box := r.PathValue("box")
	if err := checkBox("box", box); err != nil {
		return err
	}
	events, err := s.Auditor.Events(r.Context(), box)
	if err != nil {
		return err
	}
	if err := s.noteList(r, "box_events_listed", fmt.Sprintf("events=%d", len(events))); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, AuditEvents{Events: orEmpty(events)})
}

// checkBox bounds what is looked up; a wrong id is then simply not found.
func checkBox(field, box string) error {
	if len(box) < 16 || len(box) > 32 {
		return &aggregator.Error{Code: "bad_box", Message: field + ": a box id has 16 to 32 characters of 0-9 and a-z."}
	}
	return nil
}

// orEmpty makes no rows an empty list in JSON, not null.
func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
