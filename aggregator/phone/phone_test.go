package phone

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"iptvdc/aggregator"
)

func good() App {
	return App{Name: "boards", Title: Text{`灵动 "数"`, `Boards & 'more' @?\`}, Server: "https://data.example", Theme: "#0b6478", Background: "#f3f5f7", Starts: []Start{{"content", "abc123"}, {"", "~wall"}}}
}

func openMaker(t *testing.T) *Maker {
	t.Helper()
	m, err := Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 200, 255})
		}
	}
	b, err := encode(img)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func code(err error) string {
	var fault *aggregator.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}

func TestBadAppsAreRefused(t *testing.T) {
	f := func(change func(*App), want string) {
		t.Helper()
		a := good()
		change(&a)
		err := a.Check()
		if want == "" && err != nil || want != "" && (code(err) != "bad_app" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v, want %q", a, err, want)
		}
	}
	f(func(*App) {}, "")
	f(func(a *App) { a.Server = "" }, "")
	f(func(a *App) { a.Server = "http://10.0.0.1:8080/" }, "")
	f(func(a *App) { a.Name = "../x" }, "name")
	f(func(a *App) { a.Name = "" }, "name")
	f(func(a *App) { a.Title.ZH = "" }, "title.zh")
	f(func(a *App) { a.Title.EN = "a\nb" }, "title.en")
	f(func(a *App) { a.Title.EN = strings.Repeat("x", MaxTitle+1) }, "title.en")
	f(func(a *App) { a.Theme = "red" }, "theme")
	f(func(a *App) { a.Background = "#F3F5F7" }, "background")
	f(func(a *App) { a.Server = "ftp://data.example" }, "server")
	f(func(a *App) { a.Server = "https://data.example/x" }, "server")
	f(func(a *App) { a.Server = "https://me:pw@data.example" }, "server")
	f(func(a *App) { a.Starts = []Start{{"", "a"}, {"", "b"}} }, "twice")
	f(func(a *App) { a.Starts = []Start{{"", `a"><script>`}} }, "starts")
	f(func(a *App) { a.Starts = make([]Start, MaxStarts+1) }, "starts")
}

func TestBadIconsAreRefused(t *testing.T) {
	f := func(b []byte, want string) {
		t.Helper()
		_, err := ReadIcon(b)
		if want == "" && err != nil || want != "" && (code(err) != "bad_icon" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	whole := picture(t, 200, 200)
	f(whole, "")
	f(picture(t, 200, 201), "square")
	f(picture(t, 100, 100), "192")
	f([]byte("GIF89a"), "no PNG")
	f(whole[:len(whole)/2], "damaged")
	f(make([]byte, MaxIcon+1), "at most")
	// a bomb: a head that promises more than may be unpacked
	bomb := bytes.Clone(whole)
	copy(bomb[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0})
	binary.BigEndian.PutUint32(bomb[29:33], crc32.ChecksumIEEE(bomb[12:29]))
	f(bomb, "65536 by 65536")
}

func TestResize(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	for y := range 4 {
		for x := range 4 {
			if x < 2 {
				img.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
			} else {
				img.SetNRGBA(x, y, color.NRGBA{0, 255, 0, 0}) // unseen: its green must not show
			}
		}
	}
	small := resize(img, 2)
	if c := small.NRGBAAt(0, 0); c.R != 255 || c.G != 0 || c.A < 200 {
		t.Errorf("the left is %v", c)
	}
	if c := small.NRGBAAt(1, 0); c.G != 0 || c.A > 55 {
		t.Errorf("the right is %v", c)
	}
	even := on(resize(image.NewNRGBA(image.Rect(0, 0, 8, 8)), 64), 20, 0.5, colourOf("#0b6478"))
	if c := even.NRGBAAt(10, 10); c != (color.NRGBA{0x0b, 0x64, 0x78, 255}) {
		t.Errorf("nothing on a ground is %v", c)
	}
}

// What is the same keeps its revision; builds are listed, the newest first, five of a kind.
func TestMaker(t *testing.T) {
	m := openMaker(t)
	a, err := m.Set(good())
	if err != nil || a.Revision != 1 {
		t.Fatal(a, err)
	}
	if a, err = m.Set(good()); err != nil || a.Revision != 1 {
		t.Fatal("the same app is another revision:", a, err)
	}
	if a, err = m.SetIcon("boards", picture(t, 192, 192)); err != nil || a.Revision != 2 {
		t.Fatal(a, err)
	}
	for range KeptBuilds + 2 {
		if _, err := m.Make(t.Context(), "boards", IOS); err != nil {
			t.Fatal(err)
		}
	}
	builds, err := m.Builds("boards")
	if err != nil || len(builds) != KeptBuilds || builds[0].File != "0007-boards-ios-r2.zip" || builds[4].File != "0003-boards-ios-r2.zip" {
		t.Fatal(builds, err)
	}
	one, err := m.File("boards", builds[0].File)
	if err != nil {
		t.Fatal(err)
	}
	if two, err := m.File("boards", builds[1].File); err != nil || !bytes.Equal(one, two) {
		t.Error("two builds of an app differ", err)
	}
	for _, file := range []string{"../app.json", "0001-boards-ios-r2.zip", ""} {
		if _, err := m.File("boards", file); code(err) != "not_found" {
			t.Errorf("%q: %v", file, err)
		}
	}
	if _, err := m.Begin("other", IOS); code(err) != "not_found" {
		t.Error(err)
	}
	if _, err := m.Begin("boards", "symbian"); code(err) != "bad_kind" {
		t.Error(err)
	}
	for file := range webIcons {
		if b, err := m.WebIcon("boards", file); err != nil || len(b) < 100 {
			t.Error(file, len(b), err)
		}
	}
	// a folder as it is after a crash in the middle of a build
	if err := os.Mkdir(filepath.Join(m.folder, ".make-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if all, err := m.Apps(); err != nil || len(all) != 1 || all[0].Name != "boards" {
		t.Error(all, err)
	}
	if err := m.Remove("boards"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.App("boards"); code(err) != "not_found" {
		t.Error(err)
	}
}

// Everything that the project file names is in it, and every file of it is there.
func TestXcodeProject(t *testing.T) {
	a := good()
	a.Revision = 7
	icon, err := ReadIcon(defaultIcon)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ios(&a, icon)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(f.Name, "boards-ios/")] = string(text)
	}
	project := files["App.xcodeproj/project.pbxproj"]
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t\t([0-9A-F]{24})[^=]*= \{isa`).FindAllStringSubmatch(project, -1) {
		defined[m[1]] = true
	}
	for _, id := range regexp.MustCompile(`[0-9A-F]{24}`).FindAllString(project, -1) {
		if !defined[id] {
			t.Errorf("%s is named and not there", id)
		}
	}
	if len(defined) < 25 || strings.Count(project, "{") != strings.Count(project, "}") || strings.Count(project, "(") != strings.Count(project, ")") {
		t.Errorf("the project is broken: %d objects", len(defined))
	}
	for _, m := range regexp.MustCompile(`isa = PBXFileReference;.* path = "?([^";]+)"?; sourceTree = "<group>"`).FindAllStringSubmatch(project, -1) {
		if _, ok := files["App/"+m[1]]; !ok && m[1] != "Assets.xcassets" {
			t.Errorf("%s is not there", m[1])
		}
	}
	for name, text := range files {
		if strings.Contains(text, "{{") {
			t.Errorf("%s has holes", name)
		}
	}
	plist := files["App/Info.plist"]
	if !strings.Contains(plist, "<string>https://data.example/app/boards/</string>") || strings.Contains(plist, "Insecure") {
		t.Error(plist)
	}
	if err := xml.Unmarshal([]byte(plist), new(struct {
		XMLName xml.Name `xml:"plist"`
	})); err != nil {
		t.Error(err)
	}
	a.Server = "http://10.0.0.1:8080"
	if b, err = ios(&a, icon); err != nil || len(b) == 0 {
		t.Error(err)
	}
	a.Server = ""
	if _, err = ios(&a, icon); code(err) != "bad_app" {
		t.Error(err)
	}
}

// An Android package as a phone would see it: verified, aligned, with name and icon, and
// the same bytes each time. make app sets APP and installs the tools.
func TestAndroidPackage(t *testing.T) {
	if os.Getenv("APP") == "" {
		t.Skip("make app runs it: it takes the tools of Android packages")
	}
	if missing := Missing(); len(missing) > 0 {
		t.Fatal("missing:", missing)
	}
	m := openMaker(t)
	if _, err := m.Set(good()); err != nil {
		t.Fatal(err)
	}
	var packages [][]byte
	for range 2 {
		path, err := m.Make(t.Context(), "boards", Android)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, b)
		run := func(name string, args ...string) string {
			t.Helper()
			said, err := exec.Command(name, args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, said)
			}
			return string(said)
		}
		if said := run("apksigner", "verify", "--verbose", path); !strings.Contains(said, "v2 scheme (APK Signature Scheme v2): true") || !strings.Contains(said, "v3 scheme (APK Signature Scheme v3): true") {
			t.Error(said)
		}
		badging := run("aapt", "dump", "badging", path)
		for _, want := range []string{"package: name='org.iptvdc.app.boards' versionCode='1' versionName='1.1'", "sdkVersion:'24'", "targetSdkVersion:'35'", `application-label:'Boards & 'more' @?\\'`, `application-label-zh:'灵动 \"数\"'`, "icon='res/mipmap-anydpi-v26/icon.xml'", "launchable-activity: name='org.iptvdc.shell.Main'"} {
			if !strings.Contains(badging, want) {
				t.Errorf("no %s in\n%s", want, badging)
			}
		}
		run("zipalign", "-c", "4", path)
	}
	if !bytes.Equal(packages[0], packages[1]) {
		t.Error("two builds of an app differ")
	}
	if keys, err := m.Key(); err != nil || !bytes.Contains(keys, []byte(keyFile)) {
		t.Error(err)
	}
	t.Logf("%d bytes", len(packages[0]))
}
