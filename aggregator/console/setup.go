package console

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// FirstStart is what the page's first hour needs. The zero FirstStart has none of it.
type FirstStart struct {
	// Code is what the program has written into its log: whoever reads that may make the
	// first administrator. "": nobody may.
	Code string
	// Claims makes them.
	Claims interface {
		Unclaimed(ctx context.Context) (bool, error)
		Claim(ctx context.Context, name, display, password string, from settings.Visitor) (session string, err error)
		Taking(ctx context.Context) (aggregator.Scope, error)
		SetTaking(ctx context.Context, p settings.Principal, provinces []aggregator.Province) error
	}
	// Folder is where a province's files are put, made if it is not there; Put lays one
	// there, whole or not at all.
	Folder func(p aggregator.Province) (string, error)
	Put    func(p aggregator.Province, name string, body io.Reader) error
	// Boxes is where boxes connect.
	Boxes string
}

// MaxPut is the largest file that is taken over HTTP; larger ones are put into folders.
const MaxPut = 256 << 20

// SetupState says whether there is an administrator yet.
type SetupState struct {
	Open bool `json:"open"`
}

// FirstAdministrator is who makes the platform theirs, by the code in its log.
type FirstAdministrator struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Display  string `json:"display"`
	Password string `json:"password"`
}

// SetupSteps is how far an administrator has come with a new platform.
type SetupSteps struct {
	Password  bool          `json:"password"`  // theirs is set
	Provinces []string      `json:"provinces"` // that take part; none: not said yet
	Folders   []SetupFolder `json:"folders"`
	Files     int           `json:"files"` // that came so far, at most 100 counted
	Boxes     uint64        `json:"boxes"` // that reported
	Broker    string        `json:"broker"`
}

// SetupFolder is where a province's files are put.
type SetupFolder struct {
	Province string `json:"province"`
	Path     string `json:"path"`
}

// TakingBody names the provinces that take part.
type TakingBody struct {
	Provinces []string `json:"provinces"`
}

func (s *Console) setupRoutes() []route {
	return []route{
		{"GET", "/api/v1/setup", anyone, "Whether the platform waits for its first administrator", nil, SetupState{}, "", s.setupState, nil},
		{"POST", "/api/v1/setup", anyone, "Makes the first administrator, by the code in the program's log, and signs them in", FirstAdministrator{}, SignedIn{}, "", s.claim, nil},
		{"GET", "/api/v1/setup/steps", admin, "How far a new platform is set up", nil, SetupSteps{}, "", s.setupSteps, nil},
		{"PUT", "/api/v1/setup/provinces", admin, "Names the provinces that take part, and makes folders for their files", TakingBody{}, SetupSteps{}, "", s.setTaking, nil},
		{"POST", "/api/v1/setup/files", admin, "Puts a file into a province's folder; the body is the file, at most 256 MiB", nil, nil, "text/plain", s.putFile, []parameter{
			{name: "province", about: "its code", required: true}, {name: "name", about: "the file's", required: true}}},
	}
}

func (s *Console) unclaimed(ctx context.Context) (bool, error) {
	if s.First.Code == "" {
		return false, nil
	}
	return s.First.Claims.Unclaimed(ctx)
}

func (s *Console) setupState(w http.ResponseWriter, r *http.Request) error {
	open, err := s.unclaimed(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, SetupState{open})
}

func (s *Console) claim(w http.ResponseWriter, r *http.Request) error {
	var body FirstAdministrator
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	// one account for all: who guesses codes is slowed whatever name they take
	if err := s.slow(w, r, "(setup)"); err != nil {
		return err
	}
	open, err := s.unclaimed(r.Context())
	if err != nil {
		return err
	}
	if !open {
		return &aggregator.Error{Code: "conflict", Message: "The platform has its administrator already; sign in, or ask them for a link."}
	}
	code := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(body.Code))
	if subtle.ConstantTimeCompare([]byte(code), []byte(strings.ReplaceAll(s.First.Code, "-", ""))) != 1 {
		return &aggregator.Error{Code: "code_refused", Message: "This is not the set-up code. The program writes it into its log at each start."}
	}
	session, err := s.First.Claims.Claim(r.Context(), body.Name, body.Display, body.Password, s.visitor(r))
	if err != nil {
		return err
	}
	return s.signedIn(w, r, session)
}

var errNoSetup = &aggregator.Error{Code: "not_found", Message: "This program is not set up over the page."}

func (s *Console) steps(r *http.Request) (SetupSteps, error) {
	a := SetupSteps{Provinces: []string{}, Folders: []SetupFolder{}, Broker: s.First.Boxes}
	if s.First.Claims == nil {
		return a, errNoSetup
	}
	p := principal(r)
	if p.Person != 0 {
		one, err := s.People.Account(r.Context(), p)
		if err != nil {
			return a, err
		}
		a.Password = one.Password
	}
	taking, err := s.First.Claims.Taking(r.Context())
	if err != nil {
		return a, err
	}
	for _, province := range taking.Provinces {
		path, err := s.First.Folder(province)
		if err != nil {
			return a, err
		}
		a.Provinces = append(a.Provinces, province.String())
		a.Folders = append(a.Folders, SetupFolder{province.String(), path})
	}
	accounts, err := s.Books.Accounts(r.Context())
	if err != nil {
		return a, err
	}
	for _, one := range accounts {
		a.Boxes += one.Boxes
	}
	files, err := s.Feeds.Files(r.Context(), store.FileQuery{Scope: aggregator.Scope{All: true}, Limit: 100})
	if err != nil {
		return a, err
	}
	a.Files = len(files)
	return a, nil
}

func (s *Console) setupSteps(w http.ResponseWriter, r *http.Request) error {
	a, err := s.steps(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Console) setTaking(w http.ResponseWriter, r *http.Request) error {
	var body TakingBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if s.First.Claims == nil {
		return errNoSetup
	}
	var provinces []aggregator.Province
	for _, code := range body.Provinces {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return err
		}
		if !slices.Contains(provinces, p) {
			provinces = append(provinces, p)
		}
	}
	if len(provinces) == 0 {
		return &aggregator.Error{Code: "bad_province", Message: "provinces: choose at least one."}
	}
	if err := s.First.Claims.SetTaking(r.Context(), principal(r), provinces); err != nil {
		return err
	}
	return s.setupSteps(w, r)
}

// goodFile refuses names that lead elsewhere or that the inbox takes for files still on
// their way.
func goodFile(name string) bool {
	return name != "" && len(name) <= 200 && utf8.ValidString(name) && !strings.HasPrefix(name, ".") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' || r == ':' })
}

func (s *Console) putFile(w http.ResponseWriter, r *http.Request) error {
	if s.First.Put == nil {
		return errNoSetup
	}
	province, err := aggregator.ParseProvince(r.URL.Query().Get("province"))
	if err != nil {
		return err
	}
	name := r.URL.Query().Get("name")
	if !goodFile(name) {
		return &aggregator.Error{Code: "bad_name", Message: "name: a file's name without folders, at most 200 bytes, no dot first."}
	}
	err = s.First.Put(province, name, http.MaxBytesReader(w, r.Body, MaxPut))
	// a large file took its time; the answer has its own
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerPatience))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &aggregator.Error{Code: "body_too_large", Message: fmt.Sprintf("The file has more than %d MiB; put it into the folder.", MaxPut>>20)}
	case err != nil:
		return err
	}
	if err := s.Identities.Note(r.Context(), principal(r), "file_put", "", fmt.Sprintf("province=%s name=%q", province, name)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // nobody is there to be told
	return nil
}
