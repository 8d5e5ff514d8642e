package console

import (
	"context"
	"io"
	"net/http"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/source"
)

// Sources are the own data sources; source.Shelf is one. Who may do what it decides by
// the Principal.
type Sources interface {
	List(ctx context.Context, p settings.Principal) ([]source.View, error)
	Details(ctx context.Context, p settings.Principal, name string) (*source.Details, error)
	Stage(ctx context.Context, p settings.Principal, body io.Reader, sheet string) (upload string, _ *source.Preview, err error)
	Try(ctx context.Context, p settings.Principal, d *source.Definition, secret string) (*source.Preview, error)
	Add(ctx context.Context, p settings.Principal, d *source.Definition, secret, upload string) error
	Change(ctx context.Context, p settings.Principal, d *source.Definition, secret *string, upload string) error
	Refresh(ctx context.Context, p settings.Principal, name, upload string) error
	Restore(ctx context.Context, p settings.Principal, name string, version int64) error
	Remove(ctx context.Context, p settings.Principal, name string) error
}

// uploadPatience is how long a file may take to arrive, and a source to be read.
const uploadPatience = 6 * time.Minute

// SourceList is the own data sources that somebody sees or manages.
type SourceList struct {
	Sources []source.View `json:"sources"`
	// Makes: whoever asks may bring new ones.
	Makes bool          `json:"makes"`
	Kinds []source.Kind `json:"kinds"`
	Types []source.Type `json:"types"`
}

// SourceUpload is a file that waits for a source to be made of it, for an hour.
type SourceUpload struct {
	Upload  string         `json:"upload"`
	Preview source.Preview `json:"preview"`
}

// TriedSource is a source that is no upload and shall be looked at. Without a secret
// that of the source of its name is used.
type TriedSource struct {
	Definition source.Definition `json:"definition"`
	Secret     string            `json:"secret,omitempty"`
}

// TriedAnswer is what a source seems to hold.
type TriedAnswer struct {
	Preview source.Preview `json:"preview"`
}

// NewSource is a source to make; Upload names its file, of uploads alone.
type NewSource struct {
	Definition source.Definition `json:"definition"`
	Secret     string            `json:"secret,omitempty"`
	Upload     string            `json:"upload,omitempty"`
}

// ChangedSource is what a source is from now on. Without Secret the one that is kept
// stays, unless the source is asked at another place.
type ChangedSource struct {
	Definition source.Definition `json:"definition"`
	Secret     *string           `json:"secret,omitempty"`
	Upload     string            `json:"upload,omitempty"`
}

// RefreshedSource says of what an upload is read again.
type RefreshedSource struct {
	Upload string `json:"upload,omitempty"`
}

// RestoredSource names a version that is kept.
type RestoredSource struct {
	Version int64 `json:"version"`
}

var uploadParameters = []parameter{{name: "sheet", about: "of an XLSX file", def: "the first"}}

func (s *Console) sourceRoutes() []route {
	return []route{
		{"GET", "/api/v1/sources", reader, "The own data sources that the reader sees or manages", nil, SourceList{}, "", s.listSources, nil},
		{"POST", "/api/v1/sources", reader, "Makes an own data source and reads it", NewSource{}, source.Details{}, "", s.addSource, nil},
		{"POST", "/api/v1/sources/uploads", reader, "Takes a CSV or XLSX file, which is the body, and says what it seems to hold", nil, SourceUpload{}, "", s.uploadSource, uploadParameters},
		{"POST", "/api/v1/sources/try", reader, "Asks a source that is no upload, and says what it seems to hold; nothing is kept", TriedSource{}, TriedAnswer{}, "", s.trySource, nil},
		{"GET", "/api/v1/sources/{source}", reader, "A source with its versions and what was wrong with rows, for who manages it", nil, source.Details{}, "", s.sourceDetails, nil},
		{"PUT", "/api/v1/sources/{source}", reader, "Says anew what a source is, and reads it again", ChangedSource{}, source.Details{}, "", s.changeSource, nil},
		{"POST", "/api/v1/sources/{source}/refresh", reader, "Reads a source again; if that fails, what was read before goes on to hold", RefreshedSource{}, source.Details{}, "", s.refreshSource, nil},
		{"POST", "/api/v1/sources/{source}/restore", reader, "Goes back to a version that is kept", RestoredSource{}, source.Details{}, "", s.restoreSource, nil},
		{"DELETE", "/api/v1/sources/{source}", reader, "Removes a source with all that was read of it", nil, Done{}, "", s.removeSource, nil},
	}
}

// SourcesChanged tells the caches that own data sources are others than before, and readers
// of which of them other rows hold. It never waits.
func (s *Console) SourcesChanged(names []string) {
	s.answers.erase()
	s.explained.erase()
	s.widgets.erase()
	if len(names) > 0 {
		s.changes.tell(Change{Sources: names})
	}
}

func (s *Console) listSources(w http.ResponseWriter, r *http.Request) error {
	p := principal(r)
	all, err := s.Sources.List(r.Context(), p)
	if err != nil {
		return err
	}
	says := s.says(w, r)
	for n := range all {
		says(&all[n].Fault)
	}
	return writeJSON(w, http.StatusOK, SourceList{all, p.Powers.Has(settings.MakeSources) && p.By == "", source.Kinds(), source.Types()})
}

// patient gives a request the time that files and other people's databases take.
func patient(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	// Writers without deadlines (in tests) have nobody slow behind them.
	_ = c.SetReadDeadline(time.Now().Add(uploadPatience))
	_ = c.SetWriteDeadline(time.Now().Add(uploadPatience))
}

func (s *Console) uploadSource(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, uploadParameters)
	if err != nil {
		return err
	}
	patient(w)
	upload, preview, err := s.Sources.Stage(r.Context(), principal(r), r.Body, values["sheet"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, SourceUpload{upload, *preview})
}

// decodePatiently reads a body and gives what follows its time.
func decodePatiently(w http.ResponseWriter, r *http.Request, into any) error {
	if err := decode(w, r, maxBoardBody, into); err != nil {
		return err
	}
	patient(w)
	return nil
}

func (s *Console) trySource(w http.ResponseWriter, r *http.Request) error {
	var body TriedSource
	if err := decodePatiently(w, r, &body); err != nil {
		return err
	}
	preview, err := s.Sources.Try(r.Context(), principal(r), &body.Definition, body.Secret)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, TriedAnswer{*preview})
}

func (s *Console) addSource(w http.ResponseWriter, r *http.Request) error {
	var body NewSource
	if err := decodePatiently(w, r, &body); err != nil {
		return err
	}
	return s.answerSource(w, r, body.Definition.Name, s.Sources.Add(r.Context(), principal(r), &body.Definition, body.Secret, body.Upload))
}

func (s *Console) changeSource(w http.ResponseWriter, r *http.Request) error {
	var body ChangedSource
	if err := decodePatiently(w, r, &body); err != nil {
		return err
	}
	if name := r.PathValue("source"); body.Definition.Name != name {
		return &aggregator.Error{Code: "bad_source", Message: "definition.name: a source keeps its name, " + clip(name) + "."}
	}
	return s.answerSource(w, r, body.Definition.Name, s.Sources.Change(r.Context(), principal(r), &body.Definition, body.Secret, body.Upload))
}

func (s *Console) refreshSource(w http.ResponseWriter, r *http.Request) error {
	var body RefreshedSource
	if err := decodePatiently(w, r, &body); err != nil {
		return err
	}
	return s.answerSource(w, r, r.PathValue("source"), s.Sources.Refresh(r.Context(), principal(r), r.PathValue("source"), body.Upload))
}

func (s *Console) restoreSource(w http.ResponseWriter, r *http.Request) error {
	var body RestoredSource
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	return s.answerSource(w, r, r.PathValue("source"), s.Sources.Restore(r.Context(), principal(r), r.PathValue("source"), body.Version))
}

func (s *Console) sourceDetails(w http.ResponseWriter, r *http.Request) error {
	return s.answerSource(w, r, r.PathValue("source"), nil)
}

func (s *Console) removeSource(w http.ResponseWriter, r *http.Request) error {
	if err := s.Sources.Remove(r.Context(), principal(r), r.PathValue("source")); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, Done{true})
}

// answerSource answers with a source as it is after a change.
func (s *Console) answerSource(w http.ResponseWriter, r *http.Request, name string, err error) error {
	if err != nil {
		return err
	}
	details, err := s.Sources.Details(r.Context(), principal(r), name)
	if err != nil {
		return err
	}
	says := s.says(w, r)
	says(&details.View.Fault)
	reads := []*source.Read{}
	if details.Failed != nil {
		reads = append(reads, details.Failed)
	}
	for n := range details.Versions {
		reads = append(reads, &details.Versions[n].Read)
	}
	for _, read := range reads {
		for n := range read.Faults {
			says(&read.Faults[n].Text)
		}
	}
	return writeJSON(w, http.StatusOK, details)
}

// sourceFigures are the figures of own data sources that somebody may ask for.
func sourceFigures(g aggregator.Grants) (all []IndicatorInfo) {
	for _, s := range source.Infos(g) {
		for _, m := range s.Measures {
			i, ok := indicator.Find(s.IDOf(m))
			if !ok {
				continue // gone since
			}
			info := indicatorInfo(&i)
			info.Source = s.Name
			all = append(all, info)
		}
	}
	return all
}

// sourceSets are the data sets that single sources are: to who gives grants all of them.
func sourceSets(p settings.Principal) (all []DataSetInfo) {
	for _, s := range indicator.Sources() {
		d := aggregator.DataOfSource(s.Name)
		if p.Powers.Has(settings.ManagePeople) || p.Powers.Has(settings.MakeSources) || !p.Grants.Of(d).Empty() {
			all = append(all, DataSetInfo{d, s.Title, indicator.Text{ZH: "自有数据源", EN: "An own data source"}})
		}
	}
	return all
}
