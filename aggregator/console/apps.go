package console

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"path"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/phone"
)

// Apps keeps apps for phones and makes packages of them; phone.Maker does.
type Apps interface {
	Apps() ([]phone.App, error)
	App(name string) (phone.App, error)
	Set(a phone.App) (phone.App, error)
	SetIcon(name string, png []byte) (phone.App, error)
	Remove(name string) error
	Begin(name string, kind phone.Kind) (phone.Job, error)
	Job() phone.Job
	Builds(name string) ([]phone.Build, error)
	File(name, file string) ([]byte, error)
	Key() ([]byte, error)
	Manifest(name string) ([]byte, error)
	WebIcon(name, file string) ([]byte, error)
}

// AppList is all apps, and what making Android packages still takes on the server.
type AppList struct {
	Apps    []AppInfo `json:"apps"`
	Missing []string  `json:"missing"` // Debian packages; none: it can be done
	Job     phone.Job `json:"job"`
}

// AppInfo is an app with what was made of it.
type AppInfo struct {
	phone.App
	Builds []phone.Build `json:"builds"`
}

// AppBody is what is said of an app.
type AppBody struct {
	Title      phone.Text    `json:"title"`
	Server     string        `json:"server"`
	Theme      string        `json:"theme"`
	Background string        `json:"background"`
	Starts     []phone.Start `json:"starts"`
}

// PictureBody is a picture, PNG in base64.
type PictureBody struct {
	PNG string `json:"png"`
}

// BuildBody says what to make.
type BuildBody struct {
	Kind phone.Kind `json:"kind"`
}

func (s *Console) appRoutes() []route {
	return []route{
		{"GET", "/api/v1/apps", admin, "Apps for phones, what was made of them, and what is being made", nil, AppList{}, "", s.listApps, nil},
		{"PUT", "/api/v1/apps/{app}", admin, "Makes or changes an app", AppBody{}, AppInfo{}, "", s.setApp, nil},
		{"PUT", "/api/v1/apps/{app}/icon", admin, "Gives an app its icon: a square PNG of 192 to 2048 pixels, at most 1 MB", PictureBody{}, AppInfo{}, "", s.setAppIcon, nil},
		{"POST", "/api/v1/apps/{app}/builds", admin, "Begins to make an Android package or an Xcode project; /api/v1/apps tells how it goes", BuildBody{}, phone.Job{}, "", s.buildApp, nil},
		{"GET", "/api/v1/apps/{app}/builds/{file}", admin, "What was made", nil, nil, "application/octet-stream", s.appFile, nil},
		{"GET", "/api/v1/apps-key", admin, "The key that signs Android packages, with its password, to be kept elsewhere", nil, nil, "application/zip", s.appKey, nil},
		{"DELETE", "/api/v1/apps/{app}", admin, "Removes an app and what was made of it", nil, Done{}, "", s.removeApp, nil},
		{"GET", "/app/{app}/", anyone, "An app's own page, and beside it its manifest and icons", nil, nil, "text/html", s.appPage, nil},
	}
}

func (s *Console) appInfo(a phone.App) (AppInfo, error) {
	builds, err := s.Apps.Builds(a.Name)
	return AppInfo{a, orEmpty(builds)}, err
}

func (s *Console) listApps(w http.ResponseWriter, _ *http.Request) error {
	all, err := s.Apps.Apps()
	if err != nil {
		return err
	}
	list := AppList{Apps: []AppInfo{}, Missing: phone.Missing(), Job: s.Apps.Job()}
	for _, a := range all {
		info, err := s.appInfo(a)
		if err != nil {
			return err
		}
		list.Apps = append(list.Apps, info)
	}
	return writeJSON(w, http.StatusOK, list)
}

// changedApp notes a change and answers with the app as it is now.
func (s *Console) changedApp(w http.ResponseWriter, r *http.Request, what string, a phone.App, err error) error {
	if err != nil {
		return err
	}
	if err := s.Identities.Note(r.Context(), principal(r), what, "", "app="+a.Name); err != nil {
		return err
	}
	info, err := s.appInfo(a)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, info)
}

func (s *Console) setApp(w http.ResponseWriter, r *http.Request) error {
	var body AppBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	a, err := s.Apps.Set(phone.App{Name: r.PathValue("app"), Title: body.Title, Server: strings.TrimRight(body.Server, "/"), Theme: body.Theme, Background: body.Background, Starts: body.Starts})
	return s.changedApp(w, r, "app_changed", a, err)
}

// decodePicture reads a picture of at most limit bytes.
func decodePicture(w http.ResponseWriter, r *http.Request, limit int) ([]byte, error) {
	var body PictureBody
	if err := decode(w, r, int64(base64.StdEncoding.EncodedLen(limit)+100), &body); err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(body.PNG)
	if err != nil {
		return nil, &aggregator.Error{Code: "bad_body", Message: "png: not base64.", Cause: err}
	}
	return b, nil
}

func (s *Console) setAppIcon(w http.ResponseWriter, r *http.Request) error {
	b, err := decodePicture(w, r, phone.MaxIcon)
	if err != nil {
		return err
	}
	a, err := s.Apps.SetIcon(r.PathValue("app"), b)
	return s.changedApp(w, r, "app_changed", a, err)
}

func (s *Console) buildApp(w http.ResponseWriter, r *http.Request) error {
	var body BuildBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	job, err := s.Apps.Begin(r.PathValue("app"), body.Kind)
	if err != nil {
		return err
	}
	if err := s.Identities.Note(r.Context(), principal(r), "app_built", "", "app="+job.App+" kind="+string(job.Kind)); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, job)
}

func (s *Console) removeApp(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("app")
	if err := s.Apps.Remove(name); err != nil {
		return err
	}
	return done(w, s.Identities.Note(r.Context(), principal(r), "app_removed", "", "app="+name))
}

func download(w http.ResponseWriter, media, name string, b []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(b) // nobody is there to be told
}

func (s *Console) appFile(w http.ResponseWriter, r *http.Request) error {
	file := r.PathValue("file")
	b, err := s.Apps.File(r.PathValue("app"), file)
	if err != nil {
		return err
	}
	media := "application/zip"
	if path.Ext(file) == ".apk" {
		media = "application/vnd.android.package-archive"
	}
	download(w, media, file, b)
	return nil
}

func (s *Console) appKey(w http.ResponseWriter, r *http.Request) error {
	b, err := s.Apps.Key()
	if err != nil {
		return err
	}
	if err := s.Identities.Note(r.Context(), principal(r), "app_key_taken", "", ""); err != nil {
		return err
	}
	download(w, "application/zip", "android-key.zip", b)
	return nil
}

// appPage answers with an app's page, manifest and icons. They need no sign-in, as the
// page itself does not.
func (s *Console) appPage(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("app")
	a, err := s.Apps.App(name)
	if err != nil {
		return err
	}
	var f *file
	switch rest := strings.TrimPrefix(r.URL.Path, a.Address()); {
	case rest == "" && s.static != nil && s.static.files["/"] != nil:
		if f, err = newFile("index.html", s.indexOf(&a)); err == nil {
			w.Header().Set("Page-Version", s.static.version)
		}
	case rest == "manifest.webmanifest":
		var b []byte
		if b, err = s.Apps.Manifest(name); err == nil {
			f, err = newFile(rest, b)
		}
	case strings.HasSuffix(rest, ".png"):
		var b []byte
		if b, err = s.Apps.WebIcon(name, rest); err == nil {
			f, err = newFile(rest, b)
		}
	default:
		err = &aggregator.Error{Code: "not_found", Message: "There is no " + clip(r.URL.Path) + "."}
	}
	if err != nil {
		return err
	}
	serveFile(w, r, f)
	return nil
}

// indexOf is the page with an app's manifest, icon, colour and boards to begin with.
func (s *Console) indexOf(a *phone.App) []byte {
	starts := [][2]string{}
	for _, one := range a.Starts {
		starts = append(starts, [2]string{one.Role, one.Board})
	}
	list, _ := json.Marshal(starts) // texts alone
	at := a.Address()
	return []byte(strings.NewReplacer(
		`href="/manifest.webmanifest"`, `href="`+at+`manifest.webmanifest"`,
		`href="/icon-touch.png"`, `href="`+at+`icon-touch.png"`,
		`<meta name="theme-color" content="#0b6478">`, `<meta name="theme-color" content="`+a.Theme+`">
<meta name="apple-mobile-web-app-title" content="`+html.EscapeString(a.Title.ZH)+`">
<meta name="starts" content="`+html.EscapeString(string(list))+`">`,
	).Replace(string(s.static.files["/"].plain)))
}
