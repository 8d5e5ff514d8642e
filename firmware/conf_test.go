package firmware

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadConf(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := ReadConf("c", []byte(text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	f(string(DefaultConf()), "")
	f("# x\n\nSTBAGENT_QUOTA=1\r\n", "")
	f("STBAGENT_QUOTE=1", "c:1: STBAGENT_QUOTE: the agent has no such setting; near it: STBAGENT_QUOTA")
	f("\nSTBAGENT_TOKEN=x", "c:2: STBAGENT_TOKEN belongs to one box")
	f("QUOTA=1", `c:1: "QUOTA=1" is no setting`)
	f("STBAGENT_QUOTA", `c:1: "STBAGENT_QUOTA" is no setting`)
	f("STBAGENT_QUOTA=", `c:1: STBAGENT_QUOTA: ""; a value has no quotes`)
	f("STBAGENT_MODEL=$(reboot)", "c:1: STBAGENT_MODEL: ")
	f("STBAGENT_MODEL=\"x\"", "c:1: STBAGENT_MODEL: ")
	f("STBAGENT_QUOTA=-1", `c:1: STBAGENT_QUOTA: "-1"; want a whole number above 0`)
	f("STBAGENT_QUOTA=1\nSTBAGENT_QUOTA=2", "c:2: STBAGENT_QUOTA stands here twice")
	f("STBAGENT_BROKER=10.1.2.3", `c:1: STBAGENT_BROKER: "10.1.2.3"; want tcp://`)
	f("STBAGENT_BROKER=tls://a:1,mqtt://b:1", `c:1: STBAGENT_BROKER: "mqtt://b:1"; want`)
	f("STBAGENT_PROVINCE=3", `c:1: STBAGENT_PROVINCE: "3"; want 2 digits`)
	f("STBAGENT_LISTEN=0.0.0.0:7780", `c:1: STBAGENT_LISTEN: "0.0.0.0:7780"; want a loopback address`)
	f("STBAGENT_ALIVE=1", `c:1: STBAGENT_ALIVE: "1"; want a time as 250ms`)
	f("STBAGENT_LOG=loud", `c:1: STBAGENT_LOG: "loud"; allowed: debug`)
	f("STBAGENT_ORIGIN=10.1.2.3", `c:1: STBAGENT_ORIGIN: "10.1.2.3"; want http`)
	f("STBAGENT_CLAIM=claim-0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ", "")
	f("STBAGENT_CLAIM=claim-0a1b2c3d", "c:1: STBAGENT_CLAIM: claim: not a claim credential")
	f("STBAGENT_SERIAL=SN1", "c:1: STBAGENT_SERIAL belongs to one box")
	f("STBAGENT_SOCKET=none", "")
	f("STBAGENT_SOCKET=run", `c:1: STBAGENT_SOCKET: "run"; want a path`)
	f("STBAGENT_SOCKET_GID=inet", `c:1: STBAGENT_SOCKET_GID: "inet"; want numbers`)
}

func TestComplete(t *testing.T) {
	box := &Target{Name: "box", Data: Data{Folder: "/data/stbagent"}}
	f := func(text, ca, want string) {
		t.Helper()
		c, err := ReadConf("c", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := c.Complete("c", box, ca); err != nil {
			got = err.Error()
		} else {
			got = string(c.Text())
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	place := "STBAGENT_PROVINCE=33\nSTBAGENT_CITY=3301\n"
	f(place, "", "STBAGENT_BROKER is missing; write STBAGENT_BROKER=tls://")
	f("STBAGENT_BROKER=tcp://a:1\nSTBAGENT_PROVINCE=33\n", "", "STBAGENT_CITY is missing")
	f("STBAGENT_BROKER=tcp://a:1\nSTBAGENT_PROVINCE=33\nSTBAGENT_CITY=4301\n", "", "does not lie in province 33")
	f("STBAGENT_BROKER=tls://a:1\n"+place, "", "give --ca FILE")
	f("STBAGENT_BROKER=tcp://a:1\nSTBAGENT_CLAIM=claim-0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ\n"+place, "", "no broker is tls://")
	f("STBAGENT_BROKER=tcp://a:1\nSTBAGENT_DATA=/tmp\n"+place, "", "STBAGENT_DATA=/tmp; on box it is /data/stbagent")
	f("STBAGENT_BROKER=tls://a:1\n"+place, "/etc/ca.pem",
		"\nSTBAGENT_BROKER=tls://a:1\nSTBAGENT_CA=/etc/ca.pem\nSTBAGENT_CITY=3301\nSTBAGENT_DATA=/data/stbagent\nSTBAGENT_PROVINCE=33\n")
}

// TestBoxFileTurnsNothing: the scripts of the box take settings of both files,
// the image's win, and nothing in either is run.
func TestBoxFileTurnsNothing(t *testing.T) {
	data, ran := t.TempDir(), filepath.Join(t.TempDir(), "ran")
	text, err := Template("init/conf.sh", map[string]string{"DATA": data})
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(data, "image.conf")
	script := strings.ReplaceAll(string(text), "/etc/stbagent/agent.conf", image) + "\nsettings\nenv | grep ^STBAGENT_ | sort\n"
	for name, content := range map[string]string{
		"image.conf": "# x\nSTBAGENT_BROKER=tcp://a:1\nSTBAGENT_LOG=warn",
		"box.conf":   "STBAGENT_BROKER=tcp://evil:1\nSTBAGENT_ACCOUNT=a b $(touch " + ran + ")\ntouch " + ran + "\nSTBAGENT_X;touch " + ran + "\nSTBAGENT_X=`touch " + ran + "`\nPATH=/\nSTBAGENT_DATA=/tmp\n",
	} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("sh", "-euc", script).CombinedOutput()
	want := "STBAGENT_ACCOUNT=a b $(touch " + ran + ")\nSTBAGENT_BROKER=tcp://a:1\nSTBAGENT_DATA=" + data + "\nSTBAGENT_LOG=warn\nSTBAGENT_X=`touch " + ran + "`\n"
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a line of the box's file was run")
	}
}

func TestTemplate(t *testing.T) {
	if _, err := Template("systemd/stbagent.service", map[string]string{"DATA": "/d"}); err == nil || !strings.Contains(err.Error(), "@AGENT_MB@") {
		t.Errorf("a place that nothing fills: %v", err)
	}
	if _, err := Template("none", nil); err == nil {
		t.Error("a file that is not there was read")
	}
}

func FuzzReadConf(f *testing.F) {
	f.Add(DefaultConf())
	f.Add([]byte("STBAGENT_BROKER=tls://[::1]:8883\nSTBAGENT_X"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadConf("c", text)
		if err != nil {
			return
		}
		again, err := ReadConf("c", c.Text())
		if err != nil || string(again.Text()) != string(c.Text()) {
			t.Errorf("%q is read otherwise once written: %v", text, err)
		}
	})
}
