package console

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

const setupCode = "ABCDE-FGHIJ-KLMNO"

func firstStart(t *testing.T, s *settings.Settings) FirstStart {
	t.Helper()
	folder := t.TempDir()
	return FirstStart{Code: setupCode, Claims: s, Boxes: "tcp://127.0.0.1:1883",
		Folder: func(p aggregator.Province) (string, error) { return filepath.Join(folder, p.String()), nil },
		Put: func(_ aggregator.Province, name string, body io.Reader) error {
			b, err := io.ReadAll(body)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(folder, name), b, 0o600)
		}}
}

// A stranger without the code gets nothing; with it they become the administrator, once,
// and lead the platform on.
func TestFirstStart(t *testing.T) {
	b := newBench(t)
	state := func(want string) {
		t.Helper()
		if r := b.do("GET", "/api/v1/setup", "", ""); r.status != 200 || !strings.Contains(r.body, want) {
			t.Errorf("%d %s, want %s", r.status, r.body, want)
		}
	}
	state(`"open":true`)
	claim := func(code, password string) reply {
		return b.do("POST", "/api/v1/setup", "", `{"code":"`+code+`","name":"zhou","display":"周","password":"`+password+`"}`)
	}
	if r := claim("ABCDE-FGHIJ-KLMNP", "four dry horses"); r.status != 401 {
		t.Error("a wrong code:", r.status, r.body)
	}
	if r := claim("", "four dry horses"); r.status != 401 {
		t.Error("no code:", r.status, r.body)
	}
	if r := claim(setupCode, "short"); r.status != 400 || !strings.Contains(r.body, "letters") {
		t.Error("a bad password:", r.status, r.body)
	}
	r := claim("abcde fghij klmno", "four dry horses")
	if r.status != 200 {
		t.Fatal(r.status, r.body)
	}
	cookie, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	state(`"open":false`)
	if r := claim(setupCode, "four dry horses"); r.status != 409 {
		t.Error("a second administrator:", r.status, r.body)
	}
	if r := claim(setupCode, "four dry horses"); r.status != 429 {
		t.Error("codes are guessed as often as one likes:", r.status, r.body)
	}
	me := func(method, path, body string) reply { return b.do(method, path, "", body, "Cookie", cookie) }
	if r := me("PUT", "/api/v1/setup/provinces", `{"provinces":["33","43","33"]}`); r.status != 200 || !strings.Contains(r.body, `"provinces":["33","43"]`) {
		t.Error(r.status, r.body)
	}
	for body, want := range map[string]string{`{"provinces":[]}`: "at least one", `{"provinces":["99"]}`: "99"} {
		if r := me("PUT", "/api/v1/setup/provinces", body); r.status != 400 || !strings.Contains(r.body, want) {
			t.Error(body, r.status, r.body)
		}
	}
	if r := me("GET", "/api/v1/setup/steps", ""); !strings.Contains(r.body, `"password":true`) || !strings.Contains(r.body, `"broker":"tcp://127.0.0.1:1883"`) {
		t.Error(r.body)
	}
	if r := me("POST", "/api/v1/setup/files?province=33&name=users.txt", "1|2"); r.status != 200 {
		t.Error(r.status, r.body)
	}
	for _, bad := range []string{"../users.txt", ".users", "", "a/b", `a\b`, "C:x"} {
		if r := me("POST", "/api/v1/setup/files?province=33&name="+url.QueryEscape(bad), "1|2"); r.status != 400 {
			t.Errorf("%q: %d %s", bad, r.status, r.body)
		}
	}
	if r := b.do("POST", "/api/v1/setup/files?province=33&name=users.txt", b.zhejiang, "1|2"); r.status != 403 {
		t.Error("a reader puts files:", r.status)
	}
}
