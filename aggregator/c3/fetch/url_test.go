package fetch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	f := func(raw, scheme, user, pass, hostPort, path string) {
		t.Helper()
		u, err := ParseURL(raw)
		if err != nil {
			t.Fatalf("ParseURL(%q): %v", raw, err)
		}
		p := u.parts()
		if p.scheme != scheme || p.user != user || p.pass != pass || p.hostPort() != hostPort || p.path != path {
			t.Fatalf("ParseURL(%q) = %q %q %q %q %q", raw, p.scheme, p.user, p.pass, p.hostPort(), p.path)
		}
	}
	f("ftp://u:p@10.1.2.3/a/b.xml", "ftp", "u", "p", "10.1.2.3:21", "/a/b.xml")
	f(" FTP://u:p@10.1.2.3:2121/a.xml\n", "ftp", "u", "p", "10.1.2.3:2121", "/a.xml")
	f("sftp://[2001:db8::1]:22/a", "sftp", "", "", "[2001:db8::1]:22", "/a")
	f("http://CP.example/a?b=c", "http", "", "", "cp.example:80", "/a?b=c")
	f("https://cp.example:/a", "https", "", "", "cp.example:443", "/a")
	// Passwords as they come.
	f("ftp://u:p@ss@h/a", "ftp", "u", "p@ss", "h:21", "/a")
	f("ftp://u:p#s?x@h/a", "ftp", "u", "p#s?x", "h:21", "/a")
	f("ftp://u:p%40s%2Fx%3A@h/a", "ftp", "u", "p@s/x:", "h:21", "/a")
	f("ftp://u:100%@h/a", "ftp", "u", "100%", "h:21", "/a")
	f("ftp://u:a:b@h/a@b.xml", "ftp", "u", "a:b", "h:21", "/a@b.xml")
	f("ftp://u%40isp:p@h/目录/%D6%D0.xml", "ftp", "u@isp", "p", "h:21", "/目录/%D6%D0.xml")
	f("ftp://:p@h/a", "ftp", "", "p", "h:21", "/a")

	bad := func(raw string) {
		t.Helper()
		u, err := ParseURL(raw)
		if err == nil {
			t.Fatalf("ParseURL(%q) = %v", raw, u)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Fatalf("ParseURL(%q): %v", raw, err)
		}
	}
	for _, raw := range []string{
		"", "h/a", "file:///etc/passwd", "gopher://h/a", "ftp://h", "ftp:///a", "ftp://u:s3cret@/a", "ftp://u:s3cret@h:x/a",
		"ftp://u:s3cret@h:70000/a", "ftp://u:s3/s3cret@h/a", "ftp://u:s3cret@h/a\r\nDELE b", "ftp://u:s3cret@h/a%0d%0aDELE",
		"ftp://u:s3cret%0d%0aX@h/a", "ftp://u:***@h/a", "ftp://u:s3cret@h/", "ftp://u:s3cret@[::1/a", "ftp://u:s3cret@[::1]x/a",
		"http:\\\\u:s3cret@h\\a", "://u:s3cret@h/a", "u:s3cret@h/a", "ftp://u:s3cret@fe80::1%eth0/a",
	} {
		bad(raw)
	}
}

func TestMask(t *testing.T) {
	f := func(raw, want string) {
		t.Helper()
		if got := Mask(raw); got != want {
			t.Fatalf("Mask(%q) = %q, want %q", raw, got, want)
		}
	}
	f("ftp://u:p@h/a", "ftp://u:***@h/a")
	f("ftp://u@h/a", "ftp://u@h/a")
	f("ftp://h/a", "ftp://h/a")
	f("ftp://u:p/q@r@h/a", "ftp://u:***@h/a")
	f("ftp://iptv:iptv@h/a", "ftp://***:***@h/a")
	f("http://h/a?token=x", "http://h/a?***")
	f("u:p@h", "u:***@h")
	f("ftp://h:21/a@b", "ftp://h:***@b") // hides too much rather than too little
	f("", "")
}

// holder has a URL where fmt cannot call its methods.
type holder struct {
	Name string
	u    URL
}

func TestNothingPrintsThePassword(t *testing.T) {
	u, err := ParseURL("ftp://user:s3cret@10.1.2.3/a.xml?t=t0ken")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
		for _, v := range []any{u, &u, holder{"n", u}, &holder{"n", u}, []URL{u}, map[string]URL{"k": u}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	j, err := json.Marshal(map[string]any{"u": u, "h": holder{"n", u}})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "u", u, "h", holder{"n", u})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "u", u, "h", holder{"n", u})
	for _, secret := range []string{"s3cret", "t0ken", "733363726574", "115 51 99"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in\n%s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "ftp://user:***@10.1.2.3/a.xml") {
		t.Error("nothing was printed")
	}
	if u.Reveal() != "ftp://user:s3cret@10.1.2.3/a.xml?t=t0ken" {
		t.Errorf("Reveal() = %q", u.Reveal())
	}
	var back URL
	if err := back.UnmarshalText([]byte(u.Reveal())); err != nil || back.Reveal() != u.Reveal() {
		t.Errorf("UnmarshalText: %v", err)
	}
	if masked, _ := u.MarshalText(); back.UnmarshalText(masked) == nil {
		t.Error("a masked URL was read as a real one")
	}
}

func TestRequestURL(t *testing.T) {
	f := func(raw, want string) {
		t.Helper()
		u, err := ParseURL(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.parts().request().String(); got != want {
			t.Fatalf("%q asks for %q, want %q", raw, got, want)
		}
	}
	f("http://u:p@h/a b.xml", "http://h/a%20b.xml")
	f("http://h:80/%D6%D0/100%.xml", "http://h/%D6%D0/100%25.xml")
	f("http://h:8080/中?a=b&c=d e#f", "http://h:8080/%E4%B8%AD?a=b&c=d%20e")
	f("http://[::1]:8080/a%2Fb", "http://[::1]:8080/a%2Fb")
}

// FuzzMask: whatever stands for a password is in no text about the URL.
func FuzzMask(f *testing.F) {
	f.Add("ftp", "user", "pass", "h", "/a.xml")
	f.Add("ftp", "u", "p@ss/w#rd?", "[::1]:21", "/a@b:c")
	f.Add("http", "", "100%", "h:80", "/a?b=c")
	f.Fuzz(func(t *testing.T, scheme, user, pass, host, path string) {
		// A word that the rest does not happen to hold.
		secret := "s3" + strings.Map(func(r rune) rune {
			if r == '*' {
				return '+'
			}
			return r
		}, pass) + "cret"
		for _, other := range []string{scheme, user, host, path} {
			if strings.Contains(other, secret) || strings.Contains(other, ":") && other == user || strings.Contains(other, "://") {
				return
			}
		}
		raw := scheme + "://" + user + ":" + secret + "@" + host + path
		masked := Mask(raw)
		if strings.Contains(masked, secret) {
			t.Fatalf("Mask(%q) = %q", raw, masked)
		}
		u, err := ParseURL(raw)
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Fatalf("ParseURL(%q): %v", raw, err)
			}
			return
		}
		if strings.Contains(u.String(), secret) {
			t.Fatalf("%q shows as %q", raw, u)
		}
		_ = u.parts().request().String()
		if clean := u.parts().secrets().scrub("530 no " + u.parts().pass + "!"); strings.Contains(clean, u.parts().pass) {
			t.Fatalf("scrubbed: %q", clean)
		}
	})
}
