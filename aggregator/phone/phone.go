// Package phone makes apps for phones out of the page: an app has a name, an icon,
// colours and boards to begin with, an address of its own where browsers install it, an
// Android package and an Xcode project. It knows nothing of who may do so.
package phone

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"iptvdc/aggregator"
)

// Limits of what an app is made of.
const (
	MaxApps   = 50
	MaxStarts = 20
	MaxTitle  = 30 // letters; longer ones are cut under icons
	MaxIcon   = 1 << 20
	// KeptBuilds are kept of each kind and app, the newest.
	KeptBuilds = 5
)

// Text is a name in the page's two languages.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Start is the board with which readers of a role begin; Role "" is everybody.
type Start struct {
	Role  string `json:"role"`
	Board string `json:"board"` // as in addresses: an id, or ~ and a template's name
}

// App is what an administrator says of an app.
type App struct {
	// Name is in its address: /app/boards/.
	Name  string `json:"name"`
	Title Text   `json:"title"`
	// Server is the page as phones reach it, https://data.example; Android packages and
	// Xcode projects carry it. "": none are made yet.
	Server     string  `json:"server"`
	Theme      string  `json:"theme"`      // colour of bars, #0b6478
	Background string  `json:"background"` // while it starts
	Starts     []Start `json:"starts"`
	// Revision is raised whenever something of the app changes, its icon included.
	Revision int64 `json:"revision"`
}

var (
	goodName   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)
	goodColour = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	goodBoard  = regexp.MustCompile(`^~?[a-z0-9_-]{1,40}$`)
	goodRole   = regexp.MustCompile(`^[a-z0-9._-]{0,40}$`)
)

func faultf(code, format string, args ...any) error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Check returns what is wrong as an *aggregator.Error.
func (a *App) Check() error {
	if !goodName.MatchString(a.Name) {
		return faultf("bad_app", "name: small letters, digits and -, a letter first, at most 30.")
	}
	for _, t := range []struct{ name, text string }{{"title.zh", a.Title.ZH}, {"title.en", a.Title.EN}} {
		if n := utf8.RuneCountInString(t.text); n == 0 || n > MaxTitle || !utf8.ValidString(t.text) || strings.ContainsFunc(t.text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return faultf("bad_app", "%s: 1 to %d letters.", t.name, MaxTitle)
		}
	}
	for _, c := range []struct{ name, colour string }{{"theme", a.Theme}, {"background", a.Background}} {
		if !goodColour.MatchString(c.colour) {
			return faultf("bad_app", "%s: a colour as #0b6478.", c.name)
		}
	}
	if a.Server != "" {
		u, err := url.Parse(a.Server)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" || len(a.Server) > 200 {
			return faultf("bad_app", "server: the page as phones reach it, without a path, as https://data.example.")
		}
	}
	if len(a.Starts) > MaxStarts {
		return faultf("bad_app", "starts: at most %d.", MaxStarts)
	}
	roles := map[string]bool{}
	for _, s := range a.Starts {
		switch {
		case !goodRole.MatchString(s.Role) || !goodBoard.MatchString(s.Board):
			return faultf("bad_app", "starts: a role, or none for everybody, and a board's id as its address has it.")
		case roles[s.Role]:
			return faultf("bad_app", "starts: %q is there twice; a role begins with one board.", s.Role)
		}
		roles[s.Role] = true
	}
	return nil
}

// Address is where the app is, from the server on.
func (a *App) Address() string { return "/app/" + a.Name + "/" }

// full is the address that packages open.
func (a *App) full() string { return strings.TrimRight(a.Server, "/") + a.Address() }

// id is the app's name among all of a phone.
func (a *App) id() string { return "org.iptvdc.app." + strings.ReplaceAll(a.Name, "-", "_") }
