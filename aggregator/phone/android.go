package phone

import (
	"bytes"
	"context"
	"embed"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed android/smali
var smali embed.FS

// framework is what Android packages are made against.
const framework = "/usr/share/android-framework-res/framework-res.apk"

// tools are the programs that make Android packages, by the Debian package that has them.
var tools = []struct{ program, debian string }{
	{"aapt", "aapt"}, {"zipalign", "zipalign"}, {"apksigner", "apksigner"}, {"smali", "libsmali-java"}, {"keytool", "openjdk-17-jre-headless"},
}

// Missing lists the Debian packages that making Android packages takes and that are not
// there; none: it can be done.
func Missing() []string {
	missing := []string{}
	for _, t := range tools {
		if _, err := exec.LookPath(t.program); err != nil {
			missing = append(missing, t.debian)
		}
	}
	if _, err := os.Stat(framework); err != nil {
		missing = append(missing, "android-framework-res")
	}
	return missing
}

func errMissing(missing []string) error {
	return faultf("tools_missing", "Making Android packages takes programs that are not on this server. Install them: apt-get install --no-install-recommends %s", strings.Join(missing, " "))
}

// tool runs a program in a folder; what it said is in the error. Its clock is of no
// matter: nothing of the time goes into a package.
func tool(ctx context.Context, folder, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.WaitDelay = 5 * time.Second
	said, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(said[:min(len(said), 2000)]))
	}
	return nil
}

// androidSteps are told while a package is made.
var androidSteps = []string{"sources", "assemble", "package", "align", "sign", "verify"}

// android makes an Android package in a folder of its own and returns it. The same app
// gives the same bytes.
func android(ctx context.Context, a *App, icon *image.NRGBA, k key, folder string, step func(int)) ([]byte, error) {
	if missing := Missing(); len(missing) > 0 {
		return nil, errMissing(missing)
	}
	files, err := androidFiles(a, icon)
	if err != nil {
		return nil, err
	}
	for name, b := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return nil, err
		}
		// packers write the time of files into packages
		if err := os.Chtimes(path, epoch, epoch); err != nil {
			return nil, err
		}
	}
	run := func(n int, name string, args ...string) func() error {
		return func() error {
			step(n)
			return tool(ctx, folder, name, args...)
		}
	}
	for _, f := range []func() error{
		run(1, "smali", "assemble", "--api", "24", "-o", "classes.dex", "smali"),
		func() error { return os.Chtimes(filepath.Join(folder, "classes.dex"), epoch, epoch) },
		run(2, "aapt", "package", "-f", "-M", "AndroidManifest.xml", "-S", "res", "-I", framework, "-F", "raw.apk"),
		run(2, "aapt", "add", "raw.apk", "classes.dex"),
		run(3, "zipalign", "-f", "4", "raw.apk", "app.apk"),
		run(4, "apksigner", "sign", "--ks", k.store, "--ks-type", "PKCS12", "--ks-pass", "file:"+k.password, "--min-sdk-version", "24", "--v4-signing-enabled", "false", "app.apk"),
		run(5, "apksigner", "verify", "--min-sdk-version", "24", "app.apk"),
	} {
		if err := f(); err != nil {
			return nil, err
		}
	}
	return os.ReadFile(filepath.Join(folder, "app.apk"))
}

// epoch is the time of all files in packages: the first that zip archives know.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func androidFiles(a *App, icon *image.NRGBA) (map[string][]byte, error) {
	files := map[string][]byte{
		"AndroidManifest.xml": fmt.Appendf(nil, androidManifest, a.id(), a.Revision, a.Revision),
		"res/xml/network.xml": network(a),
	}
	for folder, words := range map[string]map[string]string{
		"res/values":    {"name": a.Title.EN, "address": a.full(), "theme": a.Theme, "open": "Open", "ask": "The server’s address:", "failed": "The server cannot be reached. Is the address right?", "nobody": "No app on this phone opens this.", "inbrowser": "Files that the page makes itself are had in the browser."},
		"res/values-zh": {"name": a.Title.ZH, "open": "打开", "ask": "服务器地址：", "failed": "无法连接服务器。地址是否正确？", "nobody": "没有应用可以打开它。", "inbrowser": "页面生成的文件请在浏览器中下载。"},
	} {
		files[folder+"/strings.xml"] = androidStrings(words)
	}
	for folder, parent := range map[string]string{"res/values": "Theme.Material.Light.NoActionBar", "res/values-night": "Theme.Material.NoActionBar"} {
		files[folder+"/styles.xml"] = fmt.Appendf(nil, androidStyle, parent, a.Theme, a.Theme, a.Background)
	}
	for name, img := range map[string]*image.NRGBA{
		"res/mipmap-xxxhdpi/icon.png":     resize(icon, 192),
		"res/drawable-xxxhdpi/middle.png": on(icon, 432, 0.61, color.Transparent),
	} {
		b, err := encode(img)
		if err != nil {
			return nil, err
		}
		files[name] = b
	}
	files["res/values/colours.xml"] = fmt.Appendf(nil, `<?xml version="1.0" encoding="utf-8"?><resources><color name="ground">%s</color></resources>`, a.Theme)
	files["res/mipmap-anydpi-v26/icon.xml"] = []byte(`<?xml version="1.0" encoding="utf-8"?><adaptive-icon xmlns:android="http://schemas.android.com/apk/res/android"><background android:drawable="@color/ground"/><foreground android:drawable="@drawable/middle"/></adaptive-icon>`)
	err := fs.WalkDir(smali, "android/smali", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files["smali/"+d.Name()], err = smali.ReadFile(path)
		return err
	})
	return files, err
}

const androidManifest = `<?xml version="1.0" encoding="utf-8"?>
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="%s" android:versionCode="%d" android:versionName="1.%d">
  <uses-sdk android:minSdkVersion="24" android:targetSdkVersion="35"/>
  <uses-permission android:name="android.permission.INTERNET"/>
  <application android:label="@string/name" android:icon="@mipmap/icon" android:theme="@style/App" android:networkSecurityConfig="@xml/network" android:allowBackup="false" android:hasCode="true">
    <activity android:name="org.iptvdc.shell.Main" android:exported="true" android:configChanges="orientation|screenSize|smallestScreenSize|screenLayout|keyboard|keyboardHidden|uiMode" android:windowSoftInputMode="adjustResize">
      <intent-filter>
        <action android:name="android.intent.action.MAIN"/>
        <category android:name="android.intent.category.LAUNCHER"/>
      </intent-filter>
    </activity>
  </application>
</manifest>
`

const androidStyle = `<?xml version="1.0" encoding="utf-8"?>
<resources>
  <style name="App" parent="@android:style/%s">
    <item name="android:statusBarColor">%s</item>
    <item name="android:colorPrimaryDark">%s</item>
    <item name="android:windowBackground">@color/start</item>
  </style>
  <color name="start">%s</color>
</resources>
`

// network forbids what is not encrypted, but for a server whose own address is so.
func network(a *App) []byte {
	open := ""
	if u, err := url.Parse(a.Server); err == nil && u.Scheme == "http" {
		open = `<domain-config cleartextTrafficPermitted="true"><domain includeSubdomains="false">` + plain(u.Hostname()) + `</domain></domain-config>`
	}
	return []byte(`<?xml version="1.0" encoding="utf-8"?><network-security-config><base-config cleartextTrafficPermitted="false"/>` + open + `</network-security-config>`)
}

func plain(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes all
	return b.String()
}

// androidStrings writes texts as resources. Signs that mean something to the packer are
// written by number.
func androidStrings(words map[string]string) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n<resources>\n")
	names := make([]string, 0, len(words))
	for name := range words {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "  <string name=%q>", name)
		for _, r := range words[name] {
			if r < 0x80 && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
				fmt.Fprintf(&b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
		b.WriteString("</string>\n")
	}
	b.WriteString("</resources>\n")
	return []byte(b.String())
}
